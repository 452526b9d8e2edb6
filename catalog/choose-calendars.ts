// Which calendars a mesh goes by: those that its files define, else those applied from files, else the shipped ones.
// In: the documents, what is applied. Out: calendars by name, and what is wrong with them or with a name of one.
// Never: an ad hoc closure taken back because a folder that knows nothing of it is applied.
import { type CalendarDefinition, type Calendars, toCalendars } from '../model/calendar/calendars.ts'
import { domainOf } from '../model/ids.ts'
import { didYouMean } from '../model/nearest.ts'
import type { CheckOptions } from './check-mesh.ts'
import type { MeshCalendar } from './mesh.ts'
import type { Problem } from './problem.ts'
import type { ParsedMesh, Placed } from './read-mesh.ts'
import { lay, resolveCalendars } from './resolve-calendars.ts'

export interface ChosenCalendars {
  calendars: Calendars
  /** Names that the files, or files applied before, define. */
  ofFiles: ReadonlySet<string>
  /** By calendar, the dates that a file closes against the rules. */
  adHoc: ReadonlyMap<string, ReadonlySet<string>>
  /** Names of documents that are faulty: not unknown to the others. */
  faulty: readonly string[]
  problems: Problem[]
}

export function chooseCalendars(parsed: ParsedMesh, { current, prune }: CheckOptions): ChosenCalendars {
  const isFaulty = (name: string): boolean => parsed.faulty.hasNameless || parsed.faulty.names.includes(name)
  const { calendars, names, problems } = resolveCalendars(parsed.calendars, isFaulty)
  const own = parsed.calendars.map(({ file }) => file.calendar)
  const isKept = prune ? isStillUsed(parsed, current, calendars) : () => true
  const kept = (current?.calendars ?? []).filter(
    ({ from, definition }) => from === 'files' && !own.includes(definition.calendar) && isKept(definition.calendar),
  )
  const chosen = lay(toCalendars(kept.map(({ definition }) => definition)), calendars)
  const ofFiles = new Set([...own, ...kept.map(({ definition }) => definition.calendar)])
  const adHoc = new Map([
    ...kept.map(({ definition }) => [definition.calendar, adHocIn(definition, calendars)] as const),
    ...parsed.calendars.map(({ file }) => [file.calendar, new Set(file.remove?.map(toDate))] as const),
  ])
  return { calendars: chosen, adHoc, ofFiles, faulty: [...parsed.faulty.names, ...names], problems }
}

/** Of one that was applied before: what the shipped one of its name does not close. */
const adHocIn = ({ calendar, closed }: CalendarDefinition, shipped: Calendars): Set<string> =>
  new Set(Object.keys(closed).filter((date) => shipped.has(calendar) && !shipped.get(calendar)?.closed[date]))

const toDate = (one: string | { date: string }): string => (typeof one === 'string' ? one : one.date)

/**
 * Pruned, a calendar that no file defines any more goes: back to the shipped one of its name, where there is one. It stays
 * where other folders go by it, or nothing would take its place.
 */
function isStillUsed(
  parsed: ParsedMesh,
  current: CheckOptions['current'],
  shipped: Calendars,
): (name: string) => boolean {
  const domains = parsed.domains.map(({ file }) => file.domain)
  const applied = [...(current?.products ?? []), ...(current?.externals ?? [])].map(({ definition }) => definition)
  const byOthers = applied.filter(({ product }) => !domains.includes(domainOf(product))).map(({ calendar }) => calendar)
  const here = [...parsed.domains, ...parsed.products, ...parsed.externals].map(({ file }) => file.calendar)
  return (name) => byOthers.includes(name) || (here.includes(name) && !shipped.has(name))
}

/** A document of a domain, product or external names a calendar that exists. */
export function checkCalendar(
  { file, placeOf }: Placed<{ calendar?: string | undefined }>,
  { calendars, faulty }: ChosenCalendars,
  problems: Problem[],
): void {
  const { calendar } = file
  if (calendar === undefined || calendars.has(calendar) || faulty.includes(calendar)) return
  const known = [...calendars.keys()]
  const guess = didYouMean(calendar, known) || `; known: ${known.join(', ')}`
  problems.push({ ...placeOf(['calendar']), message: `calendar: there is no calendar "${calendar}"${guess}` })
}

/** Those that something goes by, and those that files define; sorted by name. */
export function usedCalendars(
  { calendars, ofFiles }: ChosenCalendars,
  users: { calendar: string }[],
  { current }: CheckOptions,
): MeshCalendar[] {
  const applied = [...(current?.products ?? []), ...(current?.externals ?? []), ...(current?.domains ?? [])]
  const names = new Set([
    ...ofFiles,
    ...[...users, ...applied.map(({ definition }) => definition)].map((user) => user.calendar),
  ])
  return [...names].sort().flatMap((name): MeshCalendar[] => {
    const definition = calendars.get(name)
    return definition ? [{ definition, from: ofFiles.has(name) ? 'files' : 'shipped' }] : []
  })
}
