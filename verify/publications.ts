// I6. In: evidence. Out: publications too few, too many, alien, or where others see them; silence about a failure; what
// others publish taken twice. Pure.
// Never: asks of a cycle that was ended from outside what only a whole one can show.
import { domainOf, toEventId } from '../model/ids.ts'
import type { Publication } from '../model/refresh-event.ts'
import type { CycleEvidence, Evidence, RunEvidence } from './evidence.ts'
import { checkTakenOnce } from './externals.ts'
import { askedOf, fold } from './fold.ts'
import { checkNotices } from './notices.ts'
import { type PutEvent, type QueuedEvent, refreshesPut, refreshesQueued } from './sandbox-rows.ts'
import { findTold } from './told.ts'
import { type Checked, type Look, toChecked } from './verdict.ts'

/** What AWS saw, by event id. */
interface Seen {
  puts: Map<string, PutEvent[]>
  /** Event ids by their cycle. */
  byCycle: Map<string, string[]>
  queued: Map<string, QueuedEvent[]>
  /** Buses that products for the whole mesh are published on. */
  shared: Set<string>
}

/** Each revision of a cycle that publishes was put under its one id and nothing else was; so with what it told of failures. */
export function checkPublications(evidence: Evidence): Checked {
  const seen = evidence.sandbox && see(evidence)
  const told = findTold(evidence)
  const looks = evidence.cycles.map((one) => [
    ...checkCount(one),
    ...checkIds(one, seen),
    ...checkNotices(one, told),
    ...(seen ? checkPrivate(one, seen) : []),
  ])
  return toChecked([...looks, ...checkTakenOnce(evidence)])
}

function see({ sandbox = [], domains, cycles }: Evidence): Seen {
  const puts = Map.groupBy(refreshesPut(sandbox), ({ eventId }) => eventId)
  const byCycle = Map.groupBy([...puts.keys()], (id) => id.slice(0, id.lastIndexOf('/')))
  const ofMesh = cycles.filter((one) => !isPrivate(one)).flatMap(({ cycle }) => byCycle.get(cycle) ?? [])
  return {
    ...{ puts, byCycle },
    queued: Map.groupBy(refreshesQueued(sandbox, domains), ({ eventId }) => eventId),
    shared: new Set(ofMesh.flatMap((id) => (puts.get(id) ?? []).map(({ busArn }) => busArn))),
  }
}

/** One revision for each time it completed. */
function checkCount(one: CycleEvidence): Look {
  const { cycle, runs } = one
  const { revision, transitions, attempts, isCutOff } = fold(one)
  const isQuiet = runs.some(({ input, changed = [] }) =>
    [input, ...changed].some(({ definition }) => definition.publish === null),
  )
  if (isCutOff || isQuiet) return []
  // Of these nobody wanted an event.
  const unpublished = attempts.filter(({ isUnpublished, end }) => isUnpublished && end?.state === 'SUCCEEDED').length
  const completed = transitions.filter(({ to }) => to === 'COMPLETED').length - unpublished
  const wanted = (runs[0]?.input.past?.revision ?? 0) + completed
  if (wanted === revision) return []
  const says = `${cycle} completed ${completed} times and counts revision ${revision} instead of ${wanted}`
  return [toViolation(cycle, toEventId(cycle, wanted), says, `revision ${revision}`)]
}

function checkIds(one: CycleEvidence, seen: Seen | undefined): Look {
  const { cycle } = one
  const { revision } = fold(one)
  const ids = new Set(one.runs.flatMap(publicationsOf).map((publication) => toEventId(cycle, publication.revision)))
  const wanted = Array.from({ length: revision }, (_, at) => toEventId(cycle, at + 1))
  const missing = seen
    ? wanted.filter((id) => !seen.puts.has(id))
    : wanted.filter((id) => !ids.has(id) && isOwn(one, id))
  const alien = (seen?.byCycle.get(cycle) ?? []).filter((id) => !ids.has(id))
  return [
    ...missing.map((id) =>
      toViolation(cycle, id, `${cycle} counts ${id} as published, which no bus accepted`, `revision ${revision}`),
    ),
    ...alien.map((id) => ({
      ...{ invariant: 'I6' as const, cycle, eventId: id },
      says: `${id} was put, which the history of ${cycle} never asked for`,
      evidence: putLines(seen, id),
    })),
  ]
}

/** What is for the domain alone goes over its own bus, to its own queue. */
function checkPrivate(one: CycleEvidence, seen: Seen): Look {
  const { cycle } = one
  if (!isPrivate(one)) return []
  return (seen.byCycle.get(cycle) ?? []).flatMap((id) => {
    const abroad = (seen.queued.get(id) ?? []).filter(({ domain }) => domain !== domainOf(cycle))
    const isShared = (seen.puts.get(id) ?? []).some(({ busArn }) => seen.shared.has(busArn))
    if (abroad.length === 0 && !isShared) return []
    const rows = abroad.map(({ seq, domain }) => `sandbox row ${seq}: ${id} put into the queue of ${domain}`)
    const says = `${id} is for its domain alone and was published outside of it`
    return [{ invariant: 'I6' as const, cycle, eventId: id, says, evidence: [...putLines(seen, id), ...rows] }]
  })
}

const isPrivate = ({ runs }: CycleEvidence): boolean =>
  runs.length > 0 && runs.every(({ input }) => input.definition.visibility === 'domain')

const putLines = (seen: Seen | undefined, id: string): string[] =>
  (seen?.puts.get(id) ?? []).map(({ seq, busArn }) => `sandbox row ${seq}: PutEvents accepted ${id} on ${busArn}`)

const toViolation = (cycle: string, eventId: string, says: string, found: string) => ({
  ...{ invariant: 'I6' as const, cycle, eventId, says },
  evidence: [`history of ${cycle}: ${found}`],
})

const publicationsOf = (run: RunEvidence): Publication[] =>
  askedOf(run, 'publishRefreshEvent').map(({ input }) => input as Publication)

/** Without AWS's witness only what the runs that Temporal still has published can be asked of them. */
const isOwn = ({ runs }: CycleEvidence, id: string): boolean =>
  Number(id.slice(id.lastIndexOf('/r') + 2)) > (runs[0]?.input.past?.revision ?? 0)
