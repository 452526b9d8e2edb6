// How a cycle ends that lacks upstreams, judged as production judges it. In: the consumer, and for which of its cycles an
// upstream has none. Out: skipped, stuck and because of whom, or neither. Never: a decision of its own about a condition.
import type { Timetable } from '../model/calendar/cycles.ts'
import { type Edge, wantedOf } from '../model/calendar/leaf.ts'
import { expectedOf } from '../model/calendar/match.ts'
import { isGroup } from '../model/dependencies.ts'
import { conditionOf, judgeCondition } from '../model/cycle/condition.ts'
import type { DependencyStatus } from '../model/cycle/cycle.ts'
import type { DependencyDefinition, ProductDefinition, UpstreamDefinition } from '../model/definition.ts'
import type { CycleKey, ProductId } from '../model/ids.ts'

/** By cycles of the consumer. */
export interface Availability {
  /** Those for which the upstream has none, and whether that is so at short notice. */
  lacking: Map<CycleKey, { isAdHoc: boolean }>
  /** Those of which a calendar does not say yet whether it has: it is extended year by year. */
  unknown: Set<CycleKey>
}

interface Weighed {
  edge: Edge
  weight: Availability
}

/** How a cycle ends once all has arrived that can, and all waiting for time is over. */
export interface Verdict {
  isSkipped: boolean
  /** Those that it still waits for. */
  inVain: Set<UpstreamDefinition>
}

export type Judge = (key: CycleKey) => Verdict

/** `weighed`: all upstreams of the consumer. */
export function createJudge(timetable: Timetable, consumer: ProductDefinition, weighed: Weighed[]): Judge {
  const verdicts = new Map<string, Verdict>()
  return (key) => {
    // Nothing counts but which of the upstreams have a cycle for it.
    const alike = weighed
      .map(({ weight }) => (weight.lacking.has(key) ? '-' : weight.unknown.has(key) ? '?' : '+'))
      .join('')
    const verdict = verdicts.get(alike) ?? judge(timetable, consumer, { weighed, key })
    verdicts.set(alike, verdict)
    return verdict
  }
}

function judge(
  timetable: Timetable,
  consumer: ProductDefinition,
  { weighed, key }: { weighed: Weighed[]; key: CycleKey },
): Verdict {
  const unknown = new Set(weighed.filter(({ weight }) => weight.unknown.has(key)).map(({ edge }) => edge.dependency))
  const dependsOn = consumer.dependsOn.map((part) => asIfKnown(part, unknown, consumer.product))
  const expectation = expectedOf(timetable, { ...consumer, dependsOn }, { key, toMs: () => 0 })
  const arrived = expectation.expected.map(
    (one): DependencyStatus => ({
      ...{ ...one, arrival: null, arrivedAtMs: 0, blocker: null },
      // Somebody may publish it all the same, which nobody should count on.
      state: one.isAbsent ? 'WAITING' : 'ARRIVED',
    }),
  )
  const judged = judgeCondition(conditionOf(expectation), arrived, Number.POSITIVE_INFINITY)
  const { holds, skip } = judged
  const never = [...judged.never, ...judged.missing.flatMap((at) => expectation.expected[at] ?? [])]
  const isStuck = !holds && skip === null && consumer.cutoff?.then !== 'run-without'
  const blamed = weighed.filter(({ edge }) => {
    const { product } = edge.dependency
    return never.some((one) => one.product === product && one.why === whyNone(edge, key))
  })
  return { isSkipped: skip !== null, inVain: new Set(isStuck ? blamed.map(({ edge }) => edge.dependency) : []) }
}

/** What a calendar does not say yet may come: put for it is the cycle's own, which counts as arrived with the others. */
function asIfKnown(
  part: DependencyDefinition,
  unknown: ReadonlySet<DependencyDefinition>,
  own: ProductId,
): DependencyDefinition {
  if (isGroup(part)) return { ...part, of: part.of.map((inner) => asIfKnown(inner, unknown, own)) }
  return unknown.has(part) ? { product: own } : part
}

/** Why the upstream has none for it. */
export const whyNone = (edge: Edge, key: CycleKey): string => wantedOf(edge, key).why ?? ''
