// What declared mappings make of EventBridge events, tried out without a connection. In: definition files, events.
// Out: for each event the upstream cycles it means, or why none. Never: another way from message to cycle than the bridge's.
import { sortOut, type Verdict } from '../bridge/sort-out.ts'
import { checkMesh } from '../catalog/check-mesh.ts'
import type { Mesh } from '../catalog/mesh.ts'
import { toProblemText } from '../catalog/problem.ts'
import { readMesh } from '../catalog/read-mesh.ts'
import { toSimulatedCatalogs } from '../catalog/simulated-catalogs.ts'
import { buildIndex, OPENING_WINDOW, type RoutingIndex } from '../model/calendar/routing.ts'
import { envelopeSchema } from '../model/refresh-event.schema.ts'
import { type FileEvent, readEvents } from './external-events.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson, talk, toCount } from './output.ts'

interface TestOptions {
  event: string
  output: Output
}

interface MeantCycle {
  product: string
  cycle: string
  revision: number
  location: string | null
  eventId: string
  /** What becomes of it when no cycle takes it. */
  note: string | null
}

interface Tried {
  event: string
  /** Of what means nothing: kept with its body, sent to the dead letters, or passed over. */
  outcome: 'mapped' | 'unmatched' | 'refused' | 'ignored'
  arrivals: MeantCycle[]
  reason: string | null
}

/** 0 when each event means something. */
export async function testExternals(paths: string[], { event: file, output }: TestOptions): Promise<number> {
  const mesh = await requireMesh(paths)
  const events = await readEvents(file)
  const indexes = toIndexes(mesh)
  const tried: Tried[] = []
  for (const event of events) tried.push(toTried(event, await askBridges(indexes, event)))
  if (output === 'json') printJson(tried)
  else for (const one of tried) tell(one)
  const without = tried.filter(({ outcome }) => outcome !== 'mapped').length
  if (without > 0) talk(`${without} of ${toCount(tried.length, 'event')} mean no cycle.`)
  return without > 0 ? EXIT.failed : 0
}

/** Of the domains that declare externals, as if the files were applied now for the first time. */
const toIndexes = (mesh: Mesh): RoutingIndex[] =>
  toSimulatedCatalogs(mesh, new Date().toISOString().slice(0, 10))
    .filter(({ externals }) => externals.length > 0)
    .map(buildIndex)

/** Which account has the central bus is not in the files, and no external's events come over it. */
const NO_ACCOUNT = ''

/** Each event is asked about by itself. */
const NONE = { note: () => undefined, has: () => false }

async function askBridges(indexes: RoutingIndex[], { body }: FileEvent): Promise<Verdict[]> {
  const asked = indexes.map(async (index) => {
    const watch = { current: () => index, reload: () => Promise.resolve() }
    const parts = { index: watch, centralAccount: NO_ACCOUNT, window: OPENING_WINDOW, nowMs: () => Date.now() }
    return (await sortOut({ ...parts, takenBack: NONE }, [{ Body: body }])).map(({ verdict }) => verdict)
  })
  return (await Promise.all(asked)).flat()
}

function toTried({ value }: FileEvent, verdicts: Verdict[]): Tried {
  const envelope = envelopeSchema.safeParse(value).data
  const event = envelope ? `${envelope.id} (${envelope['detail-type']} of ${envelope.source})` : 'an event'
  const arrivals = verdicts.flatMap(toMeant)
  if (arrivals.length > 0) return { event, outcome: 'mapped', arrivals, reason: null }
  const reasons = [...new Set(verdicts.flatMap(reasonOf))]
  const kinds = new Set(verdicts.map(({ kind }) => kind))
  const outcome = kinds.has('unmapped') ? 'unmatched' : kinds.has('refused') ? 'refused' : 'ignored'
  return { event, outcome, arrivals, reason: reasons.join('; ') || 'no external means such events' }
}

function toMeant(verdict: Verdict): MeantCycle[] {
  if ((verdict.kind !== 'routed' && verdict.kind !== 'unmatched') || verdict.news.kind !== 'refreshed') return []
  const { product, key: cycle, revision, location, eventId } = verdict.news.arrival
  return [{ product, cycle, revision, location, eventId, note: verdict.kind === 'unmatched' ? verdict.reason : null }]
}

function reasonOf(verdict: Verdict): string[] {
  switch (verdict.kind) {
    case 'unmapped':
      return [verdict.reason]
    case 'refused':
      // Each domain says this of what another one's externals mean.
      return verdict.refusal.code === 'unknown-type' ? [] : [verdict.refusal.reason]
    case 'later':
      return [verdict.error.message]
    default:
      return []
  }
}

const OUTCOMES = {
  unmatched: 'kept as unmatched: ',
  refused: 'refused: ',
  ignored: '',
  mapped: '',
} as const

function tell({ event, outcome, arrivals, reason }: Tried): void {
  print(event)
  for (const { product, cycle, revision, location, note } of arrivals) {
    const data = location ? `, data at ${location}` : ''
    print(`  is ${product}/${cycle}, revision ${revision}${data}${note ? ` (${note})` : ''}`)
  }
  if (reason) print(`  is nothing: ${OUTCOMES[outcome]}${reason}`)
}

async function requireMesh(paths: string[]): Promise<Mesh> {
  const checked = checkMesh(await readMesh(...paths))
  if (checked.kind === 'valid' && checked.mesh) return checked.mesh
  const problems = checked.kind === 'invalid' ? checked.problems : checked.notes
  for (const problem of problems) talk(toProblemText(problem))
  throw new CommandFailure(EXIT.failed, `Nothing was tried: ${toCount(problems.length, 'problem')} in the definitions.`)
}
