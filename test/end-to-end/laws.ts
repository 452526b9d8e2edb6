// What must hold of any run of the demo, whatever was killed meanwhile. In: a stack after the demo. Out: nothing, or a
// failed expectation that names the cycle. The witness is the sandbox's ledger of AWS calls, not what Sluice says.
import { upstreamsIn } from '../../model/dependencies.ts'
import { expect } from 'vitest'
import type { DemoResult } from '../../cli/demo/run-demo.ts'
import type { LocalStack } from '../../cli/dev/local-stack.ts'
import { readConfig } from '../../clients/config.ts'
import { openPostgres } from '../../clients/postgres.ts'
import { openTemporal } from '../../clients/temporal.ts'
import { listDeliveriesOf, listLedgerRows } from '../../mirror/events.ts'
import type { Domain } from '../../model/ids.ts'
import { domainOf } from '../../model/ids.ts'
import { collectEvidence } from '../../verify/collect.ts'
import { findViolations } from '../../verify/violations.ts'
import { publishedIds, startedRuns } from './sandbox-ledger.ts'
import { readSandboxLedger } from '../../verify/collect.ts'
import type { SandboxRow } from '../../verify/evidence.ts'

interface Expected {
  cycle: string
  upstreams: string[]
  attempts: number
}

export async function expectLaws(stack: LocalStack, { script, keys, reports, problems }: DemoResult): Promise<void> {
  expect(problems).toEqual([])
  const rows = await readSandboxLedger(stack.servers.awsEndpoint ?? '')
  const failing = new Set(
    script.faults.flatMap(({ operation, where }) =>
      operation === 'StartJobRun' ? [where['Arguments.--sluice_workflow_id']] : [],
    ),
  )
  const products = stack.deployed?.mesh.products ?? []
  const expected: Expected[] = keys.flatMap((key) =>
    products.map(({ product, dependsOn }) => ({
      cycle: `${product}/${key}`,
      upstreams: upstreamsIn(dependsOn).map((dependency) => `${dependency.product}/${key}`),
      attempts: failing.has(`${product}/${key}`) ? 2 : 1,
    })),
  )
  expect(reports.map(({ row }) => row.cycle as string).toSorted()).toEqual(
    expected.map(({ cycle }) => cycle).toSorted(),
  )
  expectStartedOnce(rows, expected)
  expectNeverEarly(rows, expected)
  expectAllArrivedFirst(reports)
  expectWholeHistory(reports)
  expectPublishedOnce(rows, expected)
  expectQueuesDrained(rows)
  await expectNoViolations(stack)
  await expectOneOutcome(stack, expected)
}

/** One Glue run per attempt, and no attempt beyond the declared retries. */
function expectStartedOnce(rows: SandboxRow[], expected: Expected[]): void {
  const runs = startedRuns(rows)
  for (const { cycle, attempts } of expected) {
    const own = runs.filter((run) => run.cycle === cycle).map(({ attempt }) => attempt)
    expect(own, `attempts of ${cycle}`).toEqual(Array.from({ length: attempts }, (_, at) => at + 1))
  }
}

/** The event of each upstream was on the bus before the first Glue run. */
function expectNeverEarly(rows: SandboxRow[], expected: Expected[]): void {
  const published = publishedIds(rows)
  const runs = startedRuns(rows)
  for (const { cycle, upstreams } of expected) {
    const startedSeq = runs.find((run) => run.cycle === cycle)?.seq ?? 0
    for (const upstream of upstreams) {
      const seq = published.find(({ id }) => id === `${upstream}/r1`)?.seq ?? Number.POSITIVE_INFINITY
      expect(startedSeq, `${cycle} started before ${upstream} was published`).toBeGreaterThan(seq)
    }
  }
}

/** What the mirror tells of it: each dependency had arrived when the first attempt began. */
function expectAllArrivedFirst(reports: DemoResult['reports']): void {
  for (const { row, dependencies } of reports) {
    const begunAtMs = row.attempts[0]?.begunAtMs ?? 0
    for (const { product, state, arrivedAt } of dependencies) {
      expect(state, `${row.cycle} <- ${product}`).toBe('ARRIVED')
      expect(Date.parse(arrivedAt ?? ''), `${row.cycle} began before ${product}`).toBeLessThanOrEqual(begunAtMs)
    }
  }
}

/** Each move once and in order, whatever was down when it was made. */
function expectWholeHistory(reports: DemoResult['reports']): void {
  for (const { row, transitions } of reports) {
    expect(
      transitions.map(({ from, to }) => `${from} -> ${to}`),
      `history of ${row.cycle}`,
    ).toEqual(['null -> WAITING', 'WAITING -> PROCESSING', 'PROCESSING -> COMPLETED'])
  }
}

/** One id per cycle; the same id may have been put more than once. */
function expectPublishedOnce(rows: SandboxRow[], expected: Expected[]): void {
  const ids = new Set(
    publishedIds(rows).flatMap(({ id, detailType }) => (detailType === 'Data Product Refreshed' ? [id] : [])),
  )
  expect([...ids].toSorted()).toEqual(expected.map(({ cycle }) => `${cycle}/r1`).toSorted())
}

/** Nothing lies in a queue: each message was deleted, and none went to a dead-letter queue. */
function expectQueuesDrained(rows: SandboxRow[]): void {
  const visible = rows.filter(({ kind }) => kind === 'message-visible')
  const deleted = new Set(
    rows.flatMap(({ operation, facts }) => (operation === 'DeleteMessageBatch' ? (facts['deleted'] as string[]) : [])),
  )
  const left = visible.filter(({ facts }) => !deleted.has(String(facts['messageId'])))
  expect(left.map(({ facts }) => facts['queueArn'])).toEqual([])
}

/** What holds of any run, not of the demo alone, `verify` judges. */
async function expectNoViolations(stack: LocalStack): Promise<void> {
  const temporal = await openTemporal(readConfig(stack.environmentOf('d1'), 'd1').temporal, 10_000)
  const db = openPostgres(stack.servers.databaseUrl ?? '')
  try {
    const domains = stack.deployed?.mesh.domains.map(({ domain }) => domain) ?? []
    const evidence = await collectEvidence({ awsEndpoint: stack.servers.awsEndpoint, temporal, db, domains })
    expect(evidence.cycles.length).toBeGreaterThan(0)
    expect(findViolations(evidence)).toEqual([])
  } finally {
    await Promise.all([temporal.connection.close(), db.end()])
  }
}

/** A ledger row per (domain, event), one delivery per (event, cycle, dependency): as many as the mesh has edges. */
async function expectOneOutcome(stack: LocalStack, expected: Expected[]): Promise<void> {
  const db = openPostgres(stack.servers.databaseUrl ?? '')
  try {
    const wanted = expected.flatMap(({ cycle, upstreams }) =>
      upstreams.map((upstream) => ({ cycle, eventId: `${upstream}/r1` })),
    )
    const deliveries = await listDeliveriesOf(
      db,
      wanted.map(({ cycle, eventId }) => ({ domain: cycle.split('/')[0] as Domain, eventId })),
    )
    const toLine = (delivery: { cycle: string; eventId: string; outcome: string }): string =>
      `${delivery.eventId} -> ${delivery.cycle}: ${delivery.outcome}`
    expect(deliveries.map(toLine).toSorted()).toEqual(
      wanted.map((delivery) => toLine({ ...delivery, outcome: 'satisfied' })).toSorted(),
    )
    const ledger = await listLedgerRows(db, { limit: 10_000 })
    const toRow = (domain: string, eventId: string): string => `${domain} ${eventId} routed`
    const wantedRows = wanted.map(({ cycle, eventId }) =>
      toRow(domainOf(cycle as `${Domain}/x` & Parameters<typeof domainOf>[0]), eventId),
    )
    expect(ledger.map(({ domain, eventId, outcome }) => `${domain} ${eventId} ${outcome}`).toSorted()).toEqual(
      [...new Set(wantedRows)].toSorted(),
    )
  } finally {
    await db.end()
  }
}
