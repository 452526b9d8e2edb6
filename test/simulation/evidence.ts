// In: a world that has come to rest. Out: the evidence that verify/ judges: histories, AWS's ledger, the mirror's rows.
// Never: a verdict; anything of the fakes that a real server would not tell.
import { ApplicationFailure } from '@temporalio/common'
import { dueKeys } from '../../model/calendar/cycles.ts'
import { timetableOf } from '../../model/samples.test-data.ts'
import type { CycleInput } from '../../model/cycle/cycle.ts'
import { type CycleId, toCycleId } from '../../model/ids.ts'
import { followUpgrades } from '../../verify/read-history.ts'
import type { CycleEvidence, Evidence, RunEvidence } from '../../verify/evidence.ts'
import type { CycleResult } from '../../workflows/contract.ts'
import { isInput } from './mirror-reads.ts'
import type { Row, Tables } from './tables.ts'
import type { Execution } from './temporal-execution.ts'
import type { World } from './world.ts'

export const toEvidence = (world: World): Evidence => ({
  collectedAtMs: world.time.nowMs(),
  readFromMs: world.time.nowMs(),
  domains: world.mesh.domains,
  sandbox: world.ledger.rows,
  cycles: toCycles(world),
  due: toDue(world),
  ...toRows(world.tables),
  definitions: world.mesh.current(),
})

const toCycles = ({ server }: World): CycleEvidence[] =>
  [...server.runsOf]
    .filter(([id]) => id.includes('/'))
    .map(([id, runs]) => ({ cycle: id as CycleId, runs: runs.map(toRun) }))

const toRun = ({ runId, status, startedAtMs, input, history, result, failure }: Execution): RunEvidence => ({
  ...{ runId, status, startedAtMs, steps: history.steps },
  ...followUpgrades(input as CycleInput, history.upgrades, startedAtMs),
  ...(history.changed.length > 0 && { changed: history.changed }),
  result: (result as CycleResult | undefined) ?? toDetail(failure),
})

export const toDetail = (failure: Error | null): CycleResult | null =>
  failure instanceof ApplicationFailure ? ((failure.details?.[0] as CycleResult | undefined) ?? null) : null

/** The last tick has passed by more than one, and nothing was in its way. */
const toDue = ({ mesh, time }: World): CycleId[] =>
  mesh.current().flatMap(({ definition, firstAppliedAt }) =>
    dueKeys(timetableOf().calendars, definition, {
      ...{ fromMs: Date.parse(firstAppliedAt), toMs: time.nowMs() - 24 * 3_600_000 },
    }).map((key) => toCycleId(definition.product, key)),
  )

/** The columns that invariants ask for, named as the mirror's readers name them. */
function toRows(tables: Tables): Pick<Evidence, 'mirror' | 'ledger'> {
  const rows = {
    statuses: toAll(tables.status, ({ eventId, ...row }) => ({ ...row, publishedEventId: eventId })),
    transitions: toAll(tables.history, ({ from_state, to_state, ...row }) => ({
      ...row,
      from: from_state,
      to: to_state,
    })),
    dependencies: toAll(inputsIn(tables), ({ upstream_product, upstream_key, event_id, ...row }) => ({
      ...{ ...row, product: upstream_product, key: upstream_key, eventId: event_id ?? null },
    })),
    events: toAll(tables.ledger, ({ event_id, cycle_key, first_seen_at, ...row }) => ({
      ...{ ...row, eventId: event_id, key: cycle_key, firstSeenAt: first_seen_at },
    })),
    deliveries: toAll(tables.deliveries, ({ event_id, upstream_product, upstream_key, ...row }) => ({
      ...{ ...row, eventId: event_id, upstream: upstream_product, upstreamKey: upstream_key },
    })),
  }
  const { statuses, transitions, dependencies, events, deliveries } = rows as unknown as Evidence['mirror'] &
    Evidence['ledger']
  return { mirror: { statuses, transitions, dependencies }, ledger: { events, deliveries } }
}

const inputsIn = (tables: Tables): Map<string, Row> =>
  new Map([...tables.dependencies].filter(([, row]) => isInput(tables, row)))

const toAll = (table: Map<string, Row>, toRow: (row: Row) => Row): Row[] => [...table.values()].map(toRow)
