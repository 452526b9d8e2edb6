// What is said of one event. In: what the ledgers and its publisher know of it. Out: lines for a person, and what may be
// done when nothing took it. Pure. Never: a step that would change nothing.
import type { JudgedDelivery, Publication, Receipt, Sibling } from '../mirror/event-report.ts'
import { countSlips } from '../model/nearest.ts'
import { TOO_OLD } from '../model/calendar/untaken.ts'
import { isNoticeId, parseEventId } from '../model/ids.ts'
import type { BuiltFrom } from '../model/refresh-event.ts'

export interface EventReport {
  eventId: string
  /** What its publisher says; null: no cycle here has published it. */
  published: Publication | null
  receipts: Receipt[]
  /** Other publications of the same upstream cycle. */
  siblings: Sibling[]
  /** The next revision that any ledger has. */
  correctedBy: string | null
  /** By its producer's word. */
  isTakenBack: boolean
  next: NextStep[]
}

export interface NextStep {
  why: string
  /** Null: there is nothing to type. */
  command: string | null
}

export function toReport(
  eventId: string,
  { published, receipts, siblings }: Pick<EventReport, 'published' | 'receipts' | 'siblings'>,
): EventReport {
  const others = siblings.filter((one) => one.eventId !== eventId)
  const revision = parseEventId(eventId)?.revision ?? receipts.find((one) => one.revision !== null)?.revision
  // Who took it back says so at its row, or in a notice that each domain hears by itself.
  const isTakenBack = published?.isTakenBack === true || receipts.some((receipt) => receipt.isTakenBack)
  const newer = revision ? others.find((one) => one.revision > revision) : undefined
  return {
    ...{ eventId, published, receipts, siblings: others, correctedBy: newer?.eventId ?? null },
    ...{ isTakenBack, next: isTakenBack ? [] : receipts.flatMap(stepsOf) },
  }
}

function stepsOf(receipt: Receipt): NextStep[] {
  // Nobody need wait for a notice that an upstream did not refresh; a refused one is a dead letter all the same.
  if (isNoticeId(receipt.eventId) && receipt.outcome !== 'refused') return []
  return receipt.outcome === 'routed'
    ? receipt.deliveries.flatMap((one) => stepsTo(receipt, one))
    : [toRedrive(receipt)]
}

function toRedrive({ domain, eventId, outcome, reason, hasBody, redrivenAt }: Receipt): NextStep {
  if (reason === TOO_OLD)
    return {
      why: `a cycle of ${domain} that needs it finds it once a person opens it: sluice open <cycle>`,
      command: null,
    }
  if (!hasBody) return { why: `${domain} keeps no body of it: whoever published it must send it again`, command: null }
  const again = redrivenAt ? `sent again at ${redrivenAt}, and not taken so far; ` : ''
  const when = outcome === 'refused' ? 'what it was refused for is put right' : 'a definition waits for it'
  return { why: `${again}${domain} takes it once ${when}`, command: `sluice events redrive ${domain} ${eventId}` }
}

function stepsTo(
  { eventId, revision }: Receipt,
  { cycle, outcome, state, isInput, takenEventId }: JudgedDelivery,
): NextStep[] {
  if (outcome === 'early' && state === null) return [{ why: `${cycle} finds it when it opens`, command: null }]
  if (outcome === 'partial' && takenEventId === null)
    return [{ why: `${cycle} takes no refresh that was made without inputs, and waits for a whole one`, command: null }]
  const isLeftOut = (outcome === 'late' || outcome === 'correction') && isInput && takenEventId !== eventId
  const taken = takenEventId === null ? undefined : parseEventId(takenEventId)
  if (!isLeftOut || (taken && revision !== null && taken.revision >= revision)) return []
  switch (state) {
    case 'COMPLETED':
    case 'ERROR':
    case 'CANCELLED':
      return [{ why: `${cycle} is ${state} without it; a rerun takes it`, command: toRerun(cycle) }]
    case 'PROCESSING':
      return [{ why: `${cycle} runs without it; once that run has ended, a rerun takes it`, command: toRerun(cycle) }]
    case 'SKIPPED':
      return [{ why: `${cycle} was skipped, and no skipped cycle runs again`, command: null }]
    default:
      return []
  }
}

const toRerun = (cycle: string): string => `sluice rerun ${cycle} --reason "<why>"`

/** Everything a person asks of it, from where it came to what to do next. */
export function eventLines(report: EventReport): string[] {
  const { eventId, published, receipts, siblings, correctedBy, isTakenBack, next } = report
  const [first] = receipts
  const made = receipts.find(({ builtFrom, builtWithout }) => builtFrom ?? builtWithout) ?? published
  const location = receipts.find((one) => one.location)?.location ?? published?.location
  const isPublished = published !== null
  return [
    eventId,
    ...(first ? [`  ${toOrigin(receipts)}`] : []),
    ...(isPublished
      ? [`  published by ${published.cycle}${published.publishedAt ? ` at ${published.publishedAt}` : ''}`]
      : []),
    ...(isTakenBack ? ['  taken back by its producer: no cycle that has not begun takes it'] : []),
    ...(location ? [`  lies at ${location}`] : []),
    ...(made?.builtFrom?.length ? [`  built from ${toInputs(made.builtFrom)}`] : []),
    ...(made?.builtWithout?.length ? [`  built without ${made.builtWithout.join(', ')}`] : []),
    ...receipts.flatMap(receiptLines),
    ...(isPublished && receipts.length === 0 ? [`  ${NOBODY}`] : []),
    ...siblings.map(
      (one) =>
        `  revision ${one.revision}, ${one.eventId}, first seen ${one.firstSeenAt}${one.eventId === correctedBy ? ': corrects it' : ''}`,
    ),
    ...(next.length > 0 ? ['  next:'] : []),
    ...next.map(({ why, command }) => `    ${why}${command ? `: ${command}` : ''}`),
  ]
}

const NOBODY = 'no domain has received it: no definition waits for it, or it is under way'

function toOrigin(receipts: Receipt[]): string {
  const sent = receipts.find(({ source }) => source !== null)
  const occurredAt = receipts.find((one) => one.occurredAt !== null)?.occurredAt
  const whence = sent
    ? `from ${sent.source}, account ${sent.account ?? 'not said'}`
    : 'reported by the cycle that took it'
  return occurredAt ? `${whence}, occurred at ${occurredAt}` : whence
}

const toInputs = (builtFrom: BuiltFrom[]): string =>
  builtFrom.map(({ product, cycle, revision }) => `${product}/${cycle} r${revision}`).join(', ')

function receiptLines({ domain, outcome, reason, firstSeenAt, seen, redrivenAt, deliveries }: Receipt): string[] {
  const again = redrivenAt ? `, sent again at ${redrivenAt}` : ''
  return [
    `  in ${domain}: ${outcome}${reason ? ` (${reason})` : ''}, first seen ${firstSeenAt}${timesWord(seen)}${again}`,
    ...deliveries.map((one) => `    -> ${toDeed(one)}`),
  ]
}

function toDeed({ cycle, state, outcome, note, at, runNumber, seen }: JudgedDelivery): string {
  const by = runNumber === null ? 'the bridge' : `run ${runNumber}`
  return `${cycle}${state ? ` (${state} now)` : ''}: ${outcome}${note ? ` (${note})` : ''}, at ${at}, judged by ${by}${timesWord(seen)}`
}

const timesWord = (seen: number): string => (seen > 1 ? `, came ${seen} times` : '')

const SLIPS = 3

/** Of the known ids, those that a few slips of the finger lead to, the likeliest first; else those of the same cycle. */
export function nearestIds(id: string, cycle: string | undefined, known: string[]): string[] {
  const near = known
    .filter((one) => Math.abs(one.length - id.length) <= SLIPS)
    .map((one) => ({ one, slips: countSlips(id, one) }))
    .filter(({ slips }) => slips <= SLIPS)
    .toSorted((left, right) => left.slips - right.slips)
    .map(({ one }) => one)
  const same = cycle ? known.filter((one) => one.startsWith(`${cycle}/`)) : []
  return (near.length > 0 ? near : same).slice(0, 3)
}
