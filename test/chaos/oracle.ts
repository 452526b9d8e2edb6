// What must hold of each walk, whatever was done to the stage. In: a stage that is quiet. Out: every breach, in words.
// The witness is the sandbox's ledger of AWS calls; then what the mirror tells. Never: reads a log.
import { listAllDeliveries, listAllTransitions } from '../../mirror/evidence.ts'
import type { Domain } from '../../model/ids.ts'
import { publishedIds, startedRuns } from '../end-to-end/sandbox-ledger.ts'
import type { SandboxRow } from '../../verify/evidence.ts'
import { cyclesOf, DOMAINS, type ExpectedCycle, type Walk } from './mesh.ts'
import type { Stage } from './stage.ts'
import { readLedger } from './walks.ts'

export interface WalkEvidence {
  sandbox: SandboxRow[]
  transitions: { cycle: string; moves: string[] }[]
  deliveries: { cycle: string; eventId: string; outcome: string }[]
}

export interface Allowed {
  /** Attempts of a cycle beyond the first, by its id. */
  attempts?: Record<string, number>
}

export async function collectWalks(stage: Stage, walks: Walk[]): Promise<WalkEvidence> {
  const cycles = new Set(walks.flatMap(cyclesOf).map(({ cycle }) => cycle))
  const domains = DOMAINS.map((domain) => domain as string as Domain)
  const all = Map.groupBy(await listAllTransitions(stage.db, domains), ({ cycle }) => cycle)
  const transitions = [...all].map(([cycle, moves]) => ({
    cycle,
    moves: moves.map(({ from, to }) => `${from ?? 'null'} -> ${to}`),
  }))
  const deliveries = await listAllDeliveries(stage.db, domains)
  const isOfWalks = ({ cycle }: { cycle: string }): boolean => cycles.has(cycle)
  return {
    sandbox: await readLedger(stage),
    transitions: transitions.filter(isOfWalks),
    deliveries: deliveries.filter(isOfWalks),
  }
}

/** Nothing lost, nothing twice, never early, published under one id, history whole. */
export function findBreaches(evidence: WalkEvidence, walks: Walk[], allowed: Allowed = {}): string[] {
  const expected = walks.flatMap(cyclesOf)
  const runs = Map.groupBy(startedRuns(evidence.sandbox), ({ cycle }) => cycle)
  const published = Map.groupBy(
    publishedIds(evidence.sandbox).filter(({ detailType }) => detailType === 'Data Product Refreshed'),
    ({ id }) => id,
  )
  return expected.flatMap((cycle) => {
    const attempts = 1 + (allowed.attempts?.[cycle.cycle] ?? 0)
    const own = runs.get(cycle.cycle) ?? []
    return [
      ...attemptBreaches(
        cycle,
        own.map(({ attempt }) => attempt),
        attempts,
      ),
      ...earlyBreaches(cycle, own[0]?.seq ?? 0, published),
      ...publicationBreaches(cycle, published),
      ...mirrorBreaches(cycle, evidence, attempts > 1),
    ]
  })
}

function attemptBreaches({ cycle }: ExpectedCycle, found: number[], attempts: number): string[] {
  const wanted = Array.from({ length: attempts }, (_, at) => at + 1)
  return found.join() === wanted.join()
    ? []
    : [`${cycle}: Glue runs of attempts [${found.join()}], not [${wanted.join()}]`]
}

type Published = Map<string, { seq: number }[]>

function earlyBreaches({ cycle, upstreams }: ExpectedCycle, startedSeq: number, published: Published): string[] {
  return upstreams.flatMap((upstream) => {
    const seq = published.get(`${upstream}/r1`)?.[0]?.seq
    return seq !== undefined && seq < startedSeq ? [] : [`${cycle}: started before ${upstream} was published`]
  })
}

function publicationBreaches({ cycle }: ExpectedCycle, published: Published): string[] {
  const ids = [...published.keys()].filter((id) => id.startsWith(`${cycle}/`))
  return ids.join() === `${cycle}/r1` ? [] : [`${cycle}: published as [${ids.join()}], not once as r1`]
}

const WHOLE = ['null -> WAITING', 'WAITING -> PROCESSING', 'PROCESSING -> COMPLETED']
/** All declared attempts spent, then rerun by an operator. */
const RERUN = [...WHOLE.slice(0, 2), 'PROCESSING -> ERROR', 'ERROR -> PROCESSING', ...WHOLE.slice(2)]

function mirrorBreaches(
  { cycle, upstreams }: ExpectedCycle,
  { transitions, deliveries }: WalkEvidence,
  hadMore: boolean,
): string[] {
  const moves = transitions.find((one) => one.cycle === cycle)?.moves ?? []
  const own = deliveries.filter((one) => one.cycle === cycle)
  const outcomes = own.map(({ eventId, outcome }) => `${eventId} ${outcome}`).toSorted()
  const wanted = upstreams.map((upstream) => `${upstream}/r1 satisfied`).toSorted()
  return [
    ...(moves.join() === WHOLE.join() || (hadMore && moves.join() === RERUN.join())
      ? []
      : [`${cycle}: its history is [${moves.join(', ')}]`]),
    ...(outcomes.join() === wanted.join() ? [] : [`${cycle}: its deliveries are [${outcomes.join(', ')}]`]),
  ]
}
