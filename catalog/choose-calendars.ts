// Which calendars a mesh goes by: those that its files define, else those applied from files, else the shipped ones.
// In: the documents, what is applied. Out: calendars by name, and what is wrong with them or with a name of one.
// Never: an ad hoc closure taken back because a folder that knows nothing of it is applied.
import type { CalendarDefinition, Calendars } from '../model/calendar/calendars.ts'
import { basesOf, type CalendarFile, dateOf, withBases } from '../model/calendar/rules/calendar-file.ts'
import { domainOf } from '../model/ids.ts'
import { didYouMean } from '../model/nearest.ts'
import type { CheckOptions } from './check-mesh.ts'
import type { CurrentMesh, MeshCalendar } from './mesh.ts'
import type { Problem } from './problem.ts'
import type { ParsedMesh, Placed } from './read-mesh.ts'
import { resolveCalendars } from './resolve-calendars.ts'
import { shippedCalendars } from './shipped-calendars.ts'

export interface ChosenCalendars {
  calendars: Calendars
  /** Names that the files, or files applied before, define, with their documents where they are known. */
  ofFiles: ReadonlyMap<string, CalendarFile | undefined>
  /** By calendar, the dates that a file closes against the rules. */
  adHoc: ReadonlyMap<string, ReadonlySet<string>>
  /** Names of documents that are faulty: not unknown to the others. */
  faulty: readonly string[]
  problems: Problem[]
  notes: Problem[]
}

export function chooseCalendars(parsed: ParsedMesh, { current, prune }: CheckOptions): ChosenCalendars {
  const isFaulty = (name: string): boolean => parsed.faulty.hasNameless || parsed.faulty.names.includes(name)
  const own = new Map(parsed.calendars.map(({ file }) => [file.calendar, file]))
  const applied = (current?.calendars ?? []).filter(
    ({ from, definition }) => from === 'files' && !own.has(definition.calendar),
  )
  const used = prune && current ? stillUsed(parsed, current, applied) : undefined
  const kept = applied.filter(({ definition }) => !used || used.has(definition.calendar))
  const { calendars, names, problems, notes } = resolveCalendars(parsed.calendars, { isFaulty, kept })
  const ofFiles = new Map([...kept.map(({ definition, file }) => [definition.calendar, file] as const), ...own])
  return {
    ...{ calendars, ofFiles, problems, notes },
    adHoc: new Map([...ofFiles.keys()].map((name) => [name, adHocOf(name, ofFiles, calendars)])),
    faulty: [...parsed.faulty.names, ...names],
  }
}

/** What a document, or one that it builds on, closes; of one without its document, what the shipped one does not. */
function adHocOf(name: string, ofFiles: ChosenCalendars['ofFiles'], calendars: Calendars): ReadonlySet<string> {
  const closedBy = (found: string): string[] =>
    ofFiles.get(found)?.remove.map(dateOf) ?? closedAgainst(shippedCalendars.find(found), calendars.get(found))
  return new Set([...withBases([name], (found) => ofFiles.get(found))].flatMap(closedBy))
}

const closedAgainst = (shipped?: CalendarDefinition, applied?: CalendarDefinition): string[] =>
  shipped && applied ? Object.keys(applied.closed).filter((date) => !shipped.closed[date]) : []

/**
 * Pruned, a calendar that no file defines any more goes: back to the shipped one of its name, where there is one. It stays
 * where other folders go by it, or nothing would take its place; and with it what it builds on.
 */
function stillUsed(parsed: ParsedMesh, current: CurrentMesh, applied: readonly MeshCalendar[]): ReadonlySet<string> {
  const domains = parsed.domains.map(({ file }) => file.domain)
  const others = [...current.products, ...current.externals].map(({ definition }) => definition)
  const byOthers = [
    ...others.filter(({ product }) => !domains.includes(domainOf(product))),
    ...current.domains.map(({ definition }) => definition).filter(({ domain }) => !domains.includes(domain)),
  ].map(({ calendar }) => calendar)
  const here = [...parsed.domains, ...parsed.products, ...parsed.externals].map(({ file }) => file.calendar ?? '')
  const bases = parsed.calendars.flatMap(({ file }) => basesOf(file))
  const used = [...byOthers, ...[...here, ...bases].filter((name) => !shippedCalendars.names.includes(name))]
  const files = new Map(applied.map(({ definition, file }) => [definition.calendar, file]))
  return withBases(used, (name) => files.get(name))
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
    ...ofFiles.keys(),
    ...[...users, ...applied.map(({ definition }) => definition)].map((user) => user.calendar),
  ])
  return [...names].sort().flatMap((name): MeshCalendar[] => {
    const definition = calendars.get(name)
    const file = ofFiles.get(name)
    const from = ofFiles.has(name) ? 'files' : 'shipped'
    return definition ? [{ definition, from, ...(file ? { file } : {}) }] : []
  })
}
