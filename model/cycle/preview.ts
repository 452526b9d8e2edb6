// What a command would do, before it is given. In: the cycle as it stands, the command, who uses its data, the time. Out: the
// refusal, or every effect in a sentence of its own. Pure: it applies the command as the cycle would, and asks the same decisions.
// Never: an effect on data left out: what is overwritten, which revision is published, who has used the last one.
import { type IfNone, type OnRevision } from '../definition.ts'
import { runsAgainFor } from '../dependencies.ts'
import { domainOf, type CycleId, type ProductId, toEventId } from '../ids.ts'
import type { Cascade } from '../refresh-event.ts'
import type { CycleState, DependencyState } from '../states.ts'
import { toStanding } from './actions.ts'
import { refuseCommand } from './commands.ts'
import { type Command, type Cycle, currentAttempt, isUnbegun, missingOf, readInputs, type Standing } from './cycle.ts'
import { decideNext } from './decide.ts'
import { applyFact } from './facts.ts'
import { locationOf, nextRevision } from './outgoing.ts'
import type { RunStatus } from './rerun.ts'

/** A cycle of a consumer, as far as it has to do with the asked one. */
export interface Reader {
  cycle: CycleId
  product: ProductId
  state: CycleState
  /** It still gathers its inputs. */
  isUnbegun: boolean
  dependency: DependencyState
  /** Which revision it took; null: none yet. */
  revision: number | null
  onRevision: OnRevision
  ifNone: IfNone | null
}

export interface Preview {
  /** Null: it would be done. */
  refused: string | null
  before: Standing
  /** Directly after it; null where it is refused. */
  after: Standing | null
  effects: string[]
}

interface Asking {
  command: Command
  run: RunStatus
  readers: Reader[]
  nowMs: number
}

export function previewOf(cycle: Cycle, { command, run, readers, nowMs }: Asking): Preview {
  const refused = refuseCommand(cycle, command, run, nowMs)
  const before = toStanding(cycle)
  if (refused !== null) return { refused, before, after: null, effects: [] }
  const kind = run === 'open' ? ('commanded' as const) : ('reopened' as const)
  const after = applyFact(cycle, { kind, command } as Parameters<typeof applyFact>[1], nowMs)
  return { refused, before, after: toStanding(after), effects: effectsOf({ cycle, after, readers, nowMs }, command) }
}

interface Change {
  cycle: Cycle
  after: Cycle
  readers: Reader[]
  nowMs: number
}

function effectsOf(change: Change, command: Command): string[] {
  switch (command.action) {
    case 'rerun':
      return ofRerun(change, command)
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

function ofRerun(change: Change, command: Extract<Command, { action: 'rerun' }>): string[] {
  const { cycle, after } = change
  if (isUnbegun(after)) return ['Its run is opened again.', toNext(change)]
  const { definition, definitionVersion } = after.input
  const goesOn = after.actions.at(-1)?.attempt === cycle.lastAttempt && cycle.lastAttempt > 0
  const publishes = definition.publish !== null && command.publish !== false
  const run = goesOn
    ? `Attempt ${cycle.lastAttempt} goes on where it stood: no second Glue run is started.`
    : `Glue job "${definition.run.glue}" runs as attempt ${cycle.lastAttempt + 1}, by version ${definitionVersion} of the definition.`
  return [
    run,
    ...ofInputs(cycle),
    ...ofOutput(after, publishes),
    ...(publishes ? ofReaders(change, command.cascade) : []),
  ]
}

const ofInputs = (cycle: Cycle): string[] =>
  readInputs(cycle).flatMap(({ product, key, arrival, newer }) => {
    if (!arrival) return []
    const had = newer ? `; its last attempt read revision ${arrival.revision}` : ''
    return [`It reads ${product}/${key} revision ${newer?.revision ?? arrival.revision}${had}.`]
  })

function ofOutput(cycle: Cycle, publishes: boolean): string[] {
  const location = locationOf(cycle)
  const holds = cycle.revision > 0 ? `, which holds revision ${cycle.revision}` : ''
  const written = location ? [`It overwrites ${location}${holds}.`] : []
  const revision = nextRevision(cycle)
  return [
    ...written,
    publishes
      ? `It publishes revision ${revision}, as event ${toEventId(cycle.id, revision)}.`
      : `It publishes nothing: consumers know of ${cycle.revision > 0 ? `revision ${cycle.revision}` : 'no data'} as before.`,
  ]
}

/** Consumers of the domain and, where the mirror shows them, of others. */
const ofReaders = ({ cycle, readers }: Change, cascade: Cascade | undefined): string[] => {
  const product = cycle.input.product
  const elsewhere = cascade && readers.some((reader) => domainOf(reader.product) !== domainOf(product))
  return [
    ...(readers.length === 0 ? ['No cycle that the mirror shows has used it or waits for it.'] : []),
    ...readers.map((reader) => `${reader.cycle} (${reader.state}) ${toReading(reader, { product, cascade })}.`),
    ...(elsewhere ? ['In other domains the cascade is a request: their onRevision decides.'] : []),
  ]
}

function toReading(reader: Reader, { product, cascade }: { product: ProductId; cascade: Cascade | undefined }): string {
  if (reader.dependency === 'WAITING') return 'waits for it and takes the new revision'
  if (reader.revision === null) return 'went without it, and goes on without it'
  const used = `has used revision ${reader.revision}`
  const dependsOn = [{ product, onRevision: reader.onRevision }]
  const correction = { product, ...(cascade && { cascade }) }
  if (runsAgainFor({ product: reader.product, dependsOn }, correction))
    return `${used} and runs again (${reader.onRevision === 'rerun' ? 'onRevision: rerun' : 'cascade'})`
  return reader.onRevision === 'ignore' ? `${used} and ignores corrections` : `${used} and is flagged as outdated`
}

/** What becomes of each consumer when this revision, and those before it, are taken back. */
export function withdrawalEffects(readers: Reader[], revision: number): string[] {
  if (readers.length === 0) return ['No cycle that the mirror shows has used it or waits for it.']
  return readers.map((reader) => `${reader.cycle} (${reader.state}) ${toLoss(reader, revision)}.`)
}

function toLoss({ dependency, revision: used, isUnbegun }: Reader, revision: number): string {
  if (dependency === 'WAITING') return 'waits for it, and goes on waiting for a newer revision'
  if (used === null) return 'went without it'
  if (used > revision) return `has revision ${used}, and keeps it`
  return isUnbegun
    ? `has revision ${used} and has not begun: it waits again, for a newer one`
    : `was made from revision ${used}: it is flagged, and nothing runs again by itself`
}

/** What a skip or a cancellation tells others. */
const ofNoData = ({ cycle, readers }: Change, state: 'SKIPPED' | 'CANCELLED'): string[] => [
  `Data Product Not Refreshed (${state}) goes out to the consumers of ${cycle.input.product}.`,
  ...readers
    .filter(({ dependency }) => dependency === 'WAITING')
    .map(({ cycle: waiting, ifNone }) => `${waiting} waits for it and ${toWaiting(state, ifNone)}.`),
]

function toWaiting(state: 'SKIPPED' | 'CANCELLED', ifNone: IfNone | null): string {
  if (state === 'CANCELLED' || ifNone === null || ifNone === 'wait') return 'goes on waiting'
  const words = { previous: 'takes the one before', 'run-without': 'goes without it', 'skip-cycle': 'is skipped too' }
  return `${words[ifNone]} (ifNone: ${ifNone})`
}

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
  const attempt = currentAttempt(cycle)
  const goesOn = cycle.state === 'PROCESSING' && attempt?.endedAtMs === null && attempt.runId
  const { cutoffMs, definition } = cycle.input
  const cutoff = cutoffMs !== null && cutoffMs > nowMs && isUnbegun(cycle)
  return [
    'No attempt begins until it is released; arrivals are recorded all the same.',
    ...(goesOn
      ? [`Glue run ${attempt.runId} of attempt ${attempt.number} goes on, and is published when it succeeds.`]
      : []),
    ...(cutoff
      ? [`Its cutoff at ${toIso(cutoffMs)} counts all the same while an input is missing: ${definition.cutoff?.then}.`]
      : []),
  ]
}

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
