// In: a stage, a database. Out: a product whose cycles a backfill opens: its real activities, real cycles, Glue runs that last
// until the test ends them. Never: a count of what is at work that the mirror or the backfill itself made.
import { createBackfilling } from '../../activities/backfilling.ts'
import type { Postgres } from '../../clients/postgres.ts'
import { recall } from '../../mirror/recall.ts'
import { recordCycle } from '../../mirror/record-cycle.ts'
import { type BackfillOrder, beginBackfill } from '../../model/backfill.ts'
import type { BackfillProgress } from '../../model/backfill-progress.ts'
import { listRange } from '../../model/calendar/backfill-range.ts'
import { openCycle } from '../../model/calendar/due.ts'
import { buildIndex } from '../../model/calendar/routing.ts'
import type { CycleInput } from '../../model/cycle/cycle.ts'
import type { ProductDefinition } from '../../model/definition.ts'
import { type CycleKey, toCycleId } from '../../model/ids.ts'
import type { Publication } from '../../model/refresh-event.ts'
import { catalogOf, definitionOf, inputOf, NOON_MS, versionOf } from '../../model/samples.test-data.ts'
import {
  BACKFILL_QUERY,
  BACKFILL_WORKFLOW,
  type BackfillActivities,
  type BackfillResult,
  toBackfillId,
  toBackfillStart,
} from '../../workflows/backfill-contract.ts'
import type { FailureNotice, NotRefreshedNotice } from '../../workflows/contract.ts'
import { createGate, eventually } from './eventually.ts'
import type { Activities } from './outside.ts'
import type { Stage } from './stage.ts'
import { untilUnwanted } from './staged-cycle.ts'

/** A Monday to the Friday after. */
export const RANGE = { from: '2026-11-09', to: '2026-11-13' }

/** What Glue and the bus saw, over all workers that a test runs one after the other. */
export interface Seen {
  /** The keys whose Glue run is under way, in the order of their starts. */
  atWork: Set<CycleKey>
  mostAtWork: number
  /** Each Glue run that was started. */
  started: { key: CycleKey; attempt: number }[]
  published: Publication[]
  notRefreshed: NotRefreshedNotice[]
  notified: FailureNotice[]
  gates: Map<CycleKey, ReturnType<typeof createGate>>
  ends: Map<CycleKey, 'SUCCEEDED' | 'FAILED'>
}

export interface BackfillStage {
  id: string
  keys: CycleKey[]
  activities: BackfillActivities
  seen: Seen
  input(key: CycleKey): CycleInput
  start(change?: Partial<BackfillOrder>): Promise<void>
  endRun(key: CycleKey | undefined, state?: 'SUCCEEDED' | 'FAILED'): void
  /** Their next runs last again until they are ended. */
  renew(keys: CycleKey[]): void
  /** Ends the runs of these cycles, or of all, as they come. */
  endRuns(keys?: CycleKey[], state?: 'SUCCEEDED' | 'FAILED'): Promise<void>
  untilAtWork(count: number): Promise<CycleKey[]>
  untilProgress(what: string, holds: (progress: BackfillProgress) => boolean): Promise<BackfillProgress>
  /** The server knows that nobody wants the activity under way any more. */
  untilUnwanted(): Promise<void>
  result(): Promise<BackfillResult>
}

export interface BackfillWish {
  dependsOn?: string[]
  definition?: Partial<ProductDefinition>
  script?: Partial<BackfillActivities>
  /** Of the definition in force; the cycles that `input` opens carry the first one. */
  version?: number
  /** Who holds the product. */
  held?: string
  /** Of the workers before. */
  seen?: Seen
}

export function putBackfill(stage: Stage, db: Postgres, product: string, wish: BackfillWish = {}): BackfillStage {
  const whole = definitionOf(product, wish.dependsOn, wish.definition)
  const held = { actor: wish.held ?? '', reason: 'an audit', sinceMs: NOON_MS, of: 'product' as const }
  const holds = wish.held ? { [whole.product]: held } : {}
  const index = buildIndex({ ...catalogOf([versionOf(whole, wish.version)]), holds })
  const settings = { ...inputOf(whole).settings, recordRetryMs: 1_000 }
  const activities = createBackfilling({
    ...{ temporal: stage.client, db, settings, nowMs: Date.now, warn: () => undefined },
    loadIndex: async () => index,
    recallArrivals: ({ domain, expected }) => recall(db, domain, expected),
  })
  const { keys } = listRange(index.timetable, whole, RANGE, NOON_MS)
  const seen = wish.seen ?? nothingSeen(keys)
  const order: BackfillOrder = {
    ...{ ...RANGE, product: whole.product, parallel: 2, stopAfter: 10, lookMs: 1_000, looksPerRun: 150 },
    ...{ actor: 'ann', reason: 'a new column', requestId: `request-${product}` },
  }
  const id = toBackfillId(order)
  for (const key of keys) stage.outside.script(toCycleId(whole.product, key), toCycleScript(db, key, seen))
  stage.outside.script(id, { ...activities, ...wish.script })
  const handle = () => stage.client.workflow.getHandle(id)
  const endRun: BackfillStage['endRun'] = (key, state = 'SUCCEEDED') => {
    if (!key) throw new Error('There is such a cycle.')
    seen.ends.set(key, state)
    seen.gates.get(key)?.open()
  }
  const atWork = () => [...seen.atWork]
  return {
    ...{ id, keys, activities, seen, endRun },
    input: (key) => openCycle(index.timetable, versionOf(whole), { key, openedBy: 'scheduler', settings }),
    async start(change = {}) {
      await stage.client.workflow.start(
        BACKFILL_WORKFLOW,
        toBackfillStart(beginBackfill({ ...order, ...change }, keys)),
      )
    },
    async endRuns(wanted = keys, state) {
      for (const key of wanted) {
        await eventually(`${key} is at work`, atWork, (all) => all.includes(key))
        endRun(key, state)
      }
    },
    renew(wanted) {
      for (const key of wanted) {
        seen.gates.set(key, createGate())
        seen.ends.delete(key)
      }
    },
    untilAtWork: (count) => eventually(`${count} at work`, atWork, (all) => all.length === count),
    untilProgress: (what, holds) => eventually(what, () => handle().query<BackfillProgress>(BACKFILL_QUERY), holds),
    untilUnwanted: () => untilUnwanted(stage.client, id),
    result: () => handle().result() as Promise<BackfillResult>,
  }
}

const nothingSeen = (keys: CycleKey[]): Seen => ({
  ...{ atWork: new Set(), mostAtWork: 0, started: [], published: [], notRefreshed: [], notified: [] },
  ...{ gates: new Map(keys.map((key) => [key, createGate()])), ends: new Map() },
})

function toCycleScript(db: Postgres, key: CycleKey, seen: Seen): Partial<Activities> {
  return {
    recordCycle: (record) => recordCycle(db, record),
    recallArrivals: ({ domain, expected }) => recall(db, domain, expected),
    async startGlueJob({ attempt }) {
      seen.atWork.add(key)
      seen.started.push({ key, attempt })
      seen.mostAtWork = Math.max(seen.mostAtWork, seen.atWork.size)
      return { runId: `jr_${attempt}`, adopted: false }
    },
    async awaitGlueJob({ runId }) {
      await seen.gates.get(key)?.opened
      seen.atWork.delete(key)
      const state = seen.ends.get(key) ?? 'SUCCEEDED'
      const error = state === 'FAILED' ? 'no such column' : null
      return { runId, state, error, executionSeconds: 1, noticedBy: 'check' }
    },
    async publishRefreshEvent(publication) {
      seen.published.push(publication)
      return { eventId: `${publication.cycle}/r${publication.revision}` }
    },
    publishNotRefreshed: async (notice) => void seen.notRefreshed.push(notice),
    notifyFailure: async (notice) => void seen.notified.push(notice),
  }
}
