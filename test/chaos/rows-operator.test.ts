// Row 37: people who ask for the same rerun at the same moment: while it runs, when it has failed, when it is over.
// One attempt comes of it, and the audit has each of them.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { RerunCommand } from '../../model/cycle/cycle.ts'
import { RERUN } from '../../workflows/contract.ts'
import { run } from '../end-to-end/cli-process.ts'
import { publishedIds, startedRuns } from '../end-to-end/sandbox-ledger.ts'
import { playCase } from './cases.ts'
import { endOf, leftOf, type Walk } from './mesh.ts'
import { MINUTE_MS, useRowStage } from './row-stage.ts'
import { failNextRun, feed, setLongRun, until, untilQuiet } from './walks.ts'
import { stateOf, watchLedger } from './witness.ts'

const { stage, take } = useRowStage(4)

/** Longer than any operator of a case takes to ask. */
const LONG_MS = 20_000
const NOT_ALLOWED = 4

test(
  'row 37: operators who rerun a cycle that runs are refused, each is audited, and its attempt goes on',
  () =>
    playCase(stage(), { row: 37, name: 'rerun by several, while PROCESSING' }, async ({ draw }) => {
      const walks = take(1) as [Walk]
      const cycle = leftOf(walks[0])
      await setLongRun(stage(), cycle, LONG_MS)
      await feed(stage(), walks)
      await untilState(cycle, 'PROCESSING')
      const answers = await askTogether(cycle, draw.between(2, 4))
      expect(answers.map(({ code }) => code)).toEqual(answers.map(() => NOT_ALLOWED))
      await untilQuiet(stage(), walks)
      await expectAudit(cycle, { accepted: [], refused: answers, because: /is running now/ })
      return { walks }
    }),
  15 * MINUTE_MS,
)

test(
  'row 37: of operators who rerun a failed cycle at once one is taken, the others are refused, and one attempt comes of it',
  () =>
    playCase(stage(), { row: 37, name: 'rerun by several, in ERROR' }, async ({ draw, healed }) => {
      const walks = take(1) as [Walk]
      const cycle = leftOf(walks[0])
      await failNextRun(stage(), cycle, 2)
      await feed(stage(), walks)
      await untilState(cycle, 'ERROR')
      await setLongRun(stage(), cycle, LONG_MS)
      const answers = await askTogether(cycle, draw.between(2, 4))
      healed('rerun')
      await untilQuiet(stage(), walks)
      await expectOneTaken(cycle, answers)
      return { walks, allowed: { attempts: { [cycle]: 2 } } }
    }),
  15 * MINUTE_MS,
)

test(
  'row 37: one request sent by two connections at once is one action with one answer',
  () =>
    playCase(stage(), { row: 37, name: 'the same request twice at once' }, async ({ healed }) => {
      const walks = take(1) as [Walk]
      const cycle = leftOf(walks[0])
      await failNextRun(stage(), cycle, 2)
      await feed(stage(), walks)
      await untilState(cycle, 'ERROR')
      const command = { actor: 'one of two', reason: 'pressed twice', requestId: randomUUID() }
      // By one update id, as the command line would send it again, and by others, as a second screen would.
      const updateIds = [command.requestId, command.requestId, randomUUID(), randomUUID()]
      const answers = await Promise.all(updateIds.map((updateId) => sendUpdate(cycle, command, updateId)))
      healed('rerun')
      expect(answers).toEqual(answers.map(() => ({ attempt: 3 })))
      await untilQuiet(stage(), walks)
      expect(await auditOf(cycle)).toMatchObject([{ actor: command.actor, outcome: 'accepted' }])
      return { walks, allowed: { attempts: { [cycle]: 2 } } }
    }),
  15 * MINUTE_MS,
)

test(
  'row 37: of operators who rerun a closed cycle at once one brings it back, the others are refused, and one revision comes of it',
  () =>
    playCase(stage(), { row: 37, name: 'rerun by several, after the end' }, async ({ draw, healed }) => {
      const walks = take(1) as [Walk]
      const cycle = endOf(walks[0])
      const seen = await watchLedger(stage())
      await feed(stage(), walks)
      await untilQuiet(stage(), walks)
      await setLongRun(stage(), cycle, LONG_MS)
      const answers = await askTogether(cycle, draw.between(2, 4))
      healed('brought back', walks)
      await until(`${cycle} published its second revision`, 2 * MINUTE_MS, async () => {
        const row = await stage().db.one<{ revision: number }>(
          'select revision from data_product_status where cycle = $1',
          [cycle],
        )
        return row?.revision === 2
      })
      await untilQuiet(stage(), walks)
      await expectOneTaken(cycle, answers)
      const rows = await seen()
      const attempts = startedRuns(rows).filter((one) => one.cycle === cycle)
      expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2])
      const ids = new Set(publishedIds(rows).map(({ id }) => id))
      expect([...ids].filter((id) => id.startsWith(`${cycle}/`))).toEqual([`${cycle}/r1`, `${cycle}/r2`])
      // A second revision is no plain walk; the invariants judge it with all others.
      return { walks: [] }
    }),
  15 * MINUTE_MS,
)

interface Answer {
  actor: string
  code: number | null
  said: string
}

/** So many operators, each with a command line of his own, at the same moment. */
const askTogether = (cycle: string, operators: number): Promise<Answer[]> =>
  Promise.all(
    Array.from({ length: operators }, async (_, at) => {
      const actor = `operator ${at + 1}`
      const args = ['rerun', cycle, '--actor', actor, '--reason', `${actor} wants it again`]
      const domain = cycle.split('/')[0] ?? ''
      const { code, out, err } = await run(args, stage().folder, stage().environmentOf(domain))
      return { actor, code, said: out + err }
    }),
  )

async function expectOneTaken(cycle: string, answers: Answer[]): Promise<void> {
  const accepted = answers.filter(({ code }) => code === 0)
  const refused = answers.filter(({ code }) => code === NOT_ALLOWED)
  expect([accepted.length, refused.length], answers.map(({ said }) => said).join('')).toEqual([1, answers.length - 1])
  await expectAudit(cycle, { accepted, refused, because: /is running now/ })
}

/** I14: each has actor and reason, and a refusal says why. */
async function expectAudit(cycle: string, wanted: { accepted: Answer[]; refused: Answer[]; because: RegExp }) {
  const rows = await auditOf(cycle)
  const actorsOf = (outcome: string) => rows.filter((row) => row.outcome === outcome).map(({ actor }) => actor)
  expect(actorsOf('accepted').toSorted()).toEqual(wanted.accepted.map(({ actor }) => actor).toSorted())
  expect(actorsOf('refused').toSorted()).toEqual(wanted.refused.map(({ actor }) => actor).toSorted())
  for (const { actor, reason, outcome, because } of rows) {
    expect(reason).toBe(`${actor} wants it again`)
    if (outcome === 'refused') expect(because).toMatch(wanted.because)
  }
}

interface AuditRow {
  actor: string
  reason: string
  outcome: string
  because: string | null
}

const auditOf = (cycle: string): Promise<AuditRow[]> =>
  stage().db.rows(
    'select actor, reason, outcome, refused_because as because from operator_action where cycle = $1 order by at',
    [cycle],
  )

const sendUpdate = (cycle: string, command: RerunCommand, updateId: string) =>
  stage()
    .temporal.workflow.getHandle(cycle)
    .executeUpdate<{ attempt: number }, [RerunCommand]>(RERUN, { args: [command], updateId })

const untilState = (cycle: string, state: string): Promise<void> =>
  until(`${cycle} is in ${state}`, 3 * MINUTE_MS, async () => (await stateOf(stage(), cycle))?.state === state)
