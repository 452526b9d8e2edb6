// What became of the events of the file. In: what each meant to each cycle, as it was judged. Out: a row for each line.
// Never: two words for one event in one cycle, but that the cycle's own replaces an `early` from before it was open.
import { type CycleId, type CycleParts, parseCycleId } from '../ids.ts'
import type { DeliveryOutcome } from '../states.ts'
import type { EventFact } from './facts.ts'
import { byProductAndKey, type EventRow } from './report.ts'

export interface Outcomes {
  judged(line: number, cycle: CycleId, outcome: DeliveryOutcome): void
  /** A cycle that opened later has found it. */
  recalled(eventId: string, cycle: CycleId, outcome: DeliveryOutcome): void
  unheeded(line: number, reason: string): void
  rows(): EventRow[]
}

interface Line {
  byCycle: Map<CycleId, DeliveryOutcome>
  reasons: Set<string>
}

export function createOutcomes(events: EventFact[]): Outcomes {
  const lines = new Map<number, Line>()
  const firstLines = new Map<string, number>()
  for (const { line, arrival } of events) {
    lines.set(line, { byCycle: new Map(), reasons: new Set() })
    if (!firstLines.has(arrival.eventId)) firstLines.set(arrival.eventId, line)
  }
  return {
    judged: (line, cycle, outcome) => void lines.get(line)?.byCycle.set(cycle, outcome),
    recalled(eventId, cycle, outcome) {
      const line = firstLines.get(eventId)
      if (line !== undefined) lines.get(line)?.byCycle.set(cycle, outcome)
    },
    unheeded: (line, reason) => void lines.get(line)?.reasons.add(reason),
    rows: () => [...lines].sort(([one], [other]) => one - other).map(([line, found]) => toRow(line, found)),
  }
}

function toRow(line: number, { byCycle, reasons }: Line): EventRow {
  const outcomes = [...byCycle].map(([id, outcome]) => ({ ...partsOf(id), outcome })).sort(byProductAndKey)
  const told = outcomes.map(({ product, key, outcome }) => ({ consumer: product, cycle: key, outcome }))
  const reason = [...reasons].join('; ')
  return told.length === 0 && reason !== '' ? { line, outcomes: told, reason } : { line, outcomes: told }
}

const partsOf = (id: CycleId): CycleParts => parseCycleId(id) as CycleParts
