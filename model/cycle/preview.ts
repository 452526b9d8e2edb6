// What a command would do, before it is given. In: the cycle as it stands, the command, who uses its data, the time. Out: the
// refusal, or every effect in a sentence of its own. Pure: it applies the command as the cycle would, and asks the same decisions.
// Never: an effect on data left out: what is overwritten, which revision is published, who has used the last one.
import { domainOf, type ProductId, toEventId } from '../ids.ts'
import type { Cascade } from '../refresh-event.ts'
import { toStanding } from './actions.ts'
import { refuseCommand } from './commands.ts'
import type { Attempt } from './attempt.ts'
import { type Command, type Cycle, currentAttempt, isUnbegun, type Standing } from './cycle.ts'
import { missingOf, readInputs } from './inputs.ts'
import { decideNext } from './decide.ts'
import { applyFact } from './facts.ts'
import { locationOf, nextRevision } from './outgoing.ts'
import { type Readers, readingEffects, type UnknownReaders, waitingEffects } from './readers.ts'
import { hasAttemptToGoOnWith, type RunStatus } from './rerun.ts'

export interface Preview {
  /** Null: it would be done. */
  refused: string | null
  before: Standing
  /** Directly after it; null where it is refused. */
  after: Standing | null
  /** What it becomes at once by itself; null: it stays as it is then. */
  then: Standing | null
  effects: string[]
}

interface Asking {
  command: Command
  run: RunStatus
  readers: Readers | UnknownReaders
  nowMs: number
  /** Products that a cascade reaches, in the end; absent: none. */
  reached?: ProductId[]
}

export function previewOf(cycle: Cycle, { command, run, readers, nowMs, reached = [] }: Asking): Preview {
  const refused = refuseCommand(cycle, command, run, nowMs)
  const before = toStanding(cycle)
  if (refused !== null) return { refused, before, after: null, then: null, effects: [] }
  const kind = run === 'open' ? ('commanded' as const) : ('reopened' as const)
  const after = applyFact(cycle, { kind, command } as Parameters<typeof applyFact>[1], nowMs)
  return {
    refused,
    before,
    after: toAfter(after, command),
    then: toThen(after, nowMs),
    effects: effectsOf({ cycle, after, readers, nowMs, reached }, command),
  }
}

/** A cancellation takes as long as Glue takes to stop: what it leads to. */
const toAfter = (after: Cycle, { action }: Command): Standing =>
  action === 'cancel' ? { ...toStanding(after), state: 'CANCELLED', step: null, held: false } : toStanding(after)

function toThen(after: Cycle, nowMs: number): Standing | null {
  const begins = isUnbegun(after) && !after.held && !after.cancelling && decideNext(after, nowMs).kind === 'begin'
  return begins ? toStanding(applyFact(after, { kind: 'begun' }, nowMs)) : null
}

interface Change {
  cycle: Cycle
  after: Cycle
  readers: Readers | UnknownReaders
  nowMs: number
  reached: ProductId[]
}

function effectsOf(change: Change, command: Command): string[] {
  switch (command.action) {
    case 'rerun':
      return ofRerun(change)
    case 'skip':
      return ['It ends as SKIPPED, without data and without a Glue run.', ...ofNoData(change, 'SKIPPED')]
    case 'waive':
      return ofWaiver(change)
    case 'hold':
      return ofHold(change)
    case 'release':
      return ['It is held no more.', toNext(change)]
    case 'cancel':
      return ofCancel(change)
  }
}

function ofRerun(change: Change): string[] {
  const { cycle, after, nowMs } = change
  if (isUnbegun(after)) return ['Its run is opened again.', toNext(change)]
  const { definition, definitionVersion } = after.input
  const goesOn = hasAttemptToGoOnWith(cycle)
  // The attempt knows what is asked of it, also what a failed one still owes.
  const attempt = currentAttempt(goesOn ? after : applyFact(after, { kind: 'begun' }, nowMs))
  const publishes = definition.publish !== null && !attempt?.isUnpublished
  const run = goesOn
    ? `Attempt ${cycle.lastAttempt} goes on where it stood: no second Glue run is started.`
    : `Glue job "${definition.run.glue}" runs as attempt ${cycle.lastAttempt + 1}, by version ${definitionVersion} of the definition.`
  return [
    run,
    ...(goesOn ? [] : [...ofInputs(cycle), ...ofOverwriting(after)]),
    ofPublication(after, publishes),
    ...(publishes ? [...ofReaders(change, attempt?.cascade), ...ofFurther(change)] : []),
  ]
}

const ofInputs = (cycle: Cycle): string[] =>
  readInputs(cycle).flatMap(({ product, key, arrival, newer }) => {
    if (!arrival) return []
    const had = newer ? `; its last attempt read revision ${arrival.revision}` : ''
    return [`It reads ${product}/${key} revision ${newer?.revision ?? arrival.revision}${had}.`]
  })

function ofOverwriting(cycle: Cycle): string[] {
  const location = locationOf(cycle)
  const holds = cycle.revision > 0 ? `, which holds revision ${cycle.revision}` : ''
  return location ? [`It overwrites ${location}${holds}.`] : []
}

function ofPublication(cycle: Cycle, publishes: boolean): string {
  const revision = nextRevision(cycle)
  return publishes
    ? `It publishes revision ${revision}, as event ${toEventId(cycle.id, revision)}.`
    : `It publishes nothing: consumers know of ${cycle.revision > 0 ? `revision ${cycle.revision}` : 'no data'} as before.`
}

/** Consumers of the domain and, where the mirror shows them, of others. */
const ofReaders = ({ cycle, readers }: Change, cascade: Cascade | undefined): string[] => {
  const product = cycle.input.product
  const elsewhere =
    cascade &&
    ('unknown' in readers ||
      readers.hidden.length > 0 ||
      readers.shown.some((reader) => domainOf(reader.product) !== domainOf(product)))
  return [
    ...readingEffects(readers, { product, cascade }),
    ...(elsewhere ? ['In other domains the cascade is a request: their onRevision decides.'] : []),
  ]
}

/** The consumers of consumers, each once what it waits for has published. */
function ofFurther({ cycle, readers, reached, nowMs }: Change): string[] {
  const isKnown = !('unknown' in readers)
  const next = isKnown ? readers.shown.map(({ product }) => product) : []
  const further = reached.filter((product) => !next.includes(product))
  const those = isKnown
    ? 'After them the cycles that use theirs run again'
    : 'It reaches cycles of these, as they use it'
  const { businessDate, key } = cycle.input
  const dayMs = Date.parse(businessDate ?? key)
  return [
    ...(further.length > 0 ? [`${those}: ${further.join(', ')}.`] : []),
    ...(reached.length > 0 && dayMs < nowMs - BROUGHT_BACK_FOR_MS
      ? ['It is so old that cycles which have closed are only flagged, not brought back: rerun them one by one.']
      : []),
  ]
}

/** As OPENING_WINDOW says of what an event may bring back (model/calendar/routing.ts). */
const BROUGHT_BACK_FOR_MS = 21 * 86_400_000

/** What a skip or a cancellation tells others. */
const ofNoData = ({ cycle, readers }: Change, state: 'SKIPPED' | 'CANCELLED'): string[] => [
  `Data Product Not Refreshed (${state}) goes out to the consumers of ${cycle.input.product}.`,
  ...waitingEffects(readers, state),
]

const ofWaiver = (change: Change): string[] => {
  const { cycle, after } = change
  const waived = after.dependencies.filter(
    ({ state }, at) => state === 'WAIVED' && cycle.dependencies[at]?.state === 'WAITING',
  )
  return [
    ...waived.map(
      ({ product, key }) => `It goes without ${product}/${key}; one that comes before it begins is taken all the same.`,
    ),
    toNext(change),
    'Its publication says what it was built without; consumers that accept no partial refresh do not take it.',
  ]
}

function ofHold({ cycle, nowMs }: Change): string[] {
  const attempt = cycle.state === 'PROCESSING' ? currentAttempt(cycle) : undefined
  const underWay = attempt?.endedAtMs === null ? attempt : undefined
  const { cutoffMs, definition } = cycle.input
  const cutoff = cutoffMs !== null && cutoffMs > nowMs && isUnbegun(cycle)
  return [
    'No attempt begins until it is released; arrivals are recorded all the same.',
    ...(underWay && (underWay.runId || !cycle.held) ? [toUnderWay(underWay)] : []),
    ...(cutoff
      ? [`Its cutoff at ${toIso(cutoffMs)} counts all the same while an input is missing: ${definition.cutoff?.then}.`]
      : []),
  ]
}

const toUnderWay = ({ runId, number }: Attempt): string =>
  runId
    ? `Glue run ${runId} of attempt ${number} goes on, and is published when it succeeds.`
    : `The start of attempt ${number} is under way and is put off; a run that Glue has taken by then goes on, and is known at the latest once it is released.`

function ofCancel(change: Change): string[] {
  const attempt = currentAttempt(change.cycle)
  const isAtWork = attempt !== undefined && attempt.endedAtMs === null
  return [
    isAtWork && attempt.runId
      ? `Glue run ${attempt.runId} of attempt ${attempt.number} is told to stop; what it has written by then stays.`
      : isAtWork
        ? `Attempt ${attempt.number} has no Glue run yet; one that is being started may be at work.`
        : 'No Glue run is under way.',
    'It ends as CANCELLED and publishes no data.',
    ...ofNoData(change, 'CANCELLED'),
  ]
}

/** What it does next by itself. */
function toNext({ after, nowMs }: Change): string {
  if (after.held) return 'It stays held: nothing starts.'
  const next = decideNext(after, nowMs)
  const job = after.input.definition.run.glue
  switch (next.kind) {
    case 'begin':
    case 'start':
      return `Glue job "${job}" starts at once, as attempt ${next.kind === 'start' ? next.attempt.number : after.lastAttempt + 1}.`
    case 'wait': {
      const missing = isUnbegun(after) ? missingOf(after, nowMs) : []
      if (missing.length > 0) return `It still waits for ${missing.join(', ')}.`
      return next.untilMs === null ? 'It goes on waiting.' : `It goes on at ${toIso(next.untilMs)}.`
    }
    case 'miss':
      return `Its cutoff has passed, and it misses ${next.missing.join(', ')}.`
    case 'skip':
      return `It is skipped: ${next.reason}.`
    case 'rerun':
      return `It runs again for corrections that came meanwhile.`
    case 'await-end':
      return `It waits for the end of Glue run ${next.runId}.`
    default:
      return 'It goes on by itself.'
  }
}

const toIso = (atMs: number): string => new Date(atMs).toISOString()
