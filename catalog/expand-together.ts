// Calendars of one folder and those applied from others, built as one set: whichever of them changes, what builds on it
// follows. In: documents, what is applied. Out: definitions, faults. Pure.
// Never: an applied calendar lost or stopped for what no document at hand did to it; then it stays as it is applied.
import { type CalendarDefinition, toCalendars } from '../model/calendar/calendars.ts'
import { type CalendarFault, type CalendarFile, withBases } from '../model/calendar/rules/calendar-file.ts'
import { expandCalendars, type IsFaulty, type ShippedCalendars } from '../model/calendar/rules/expand.ts'
import { checkCalendarFile } from '../model/calendar-file.schema.ts'
import type { MeshCalendar } from './mesh.ts'
import { shippedCalendars } from './shipped-calendars.ts'

export interface ExpandedTogether {
  calendars: CalendarDefinition[]
  /** Of the documents. */
  faults: CalendarFault[]
  /** Of applied ones, with the document that they build on, directly or through others. */
  faultsOfKept: (CalendarFault & { builtOn: string })[]
}

/** No applied one has the name of a document. */
export function expandTogether(
  documents: readonly CalendarFile[],
  kept: readonly MeshCalendar[],
  isFaulty: IsFaulty,
): ExpandedTogether {
  const built = kept.flatMap(({ file }) => readAgain(file) ?? [])
  const names = new Set(built.map(({ calendar }) => calendar))
  const asApplied = kept.map(({ definition }) => definition).filter(({ calendar }) => !names.has(calendar))
  const expanded = expandCalendars([...documents, ...built], around(asApplied), isFaulty)
  const ofKept = expanded.faults
    .filter(({ calendar, isNote }) => names.has(calendar) && !isNote)
    .map((fault) => ({ ...fault, builtOn: findDocument(fault.calendar, documents, built) }))
  const withoutReason = new Set(ofKept.filter(({ builtOn }) => !builtOn).map(({ calendar }) => calendar))
  if (withoutReason.size > 0) return expandTogether(documents, kept.map(pinned(withoutReason)), isFaulty)
  return {
    calendars: [...expanded.calendars, ...asApplied],
    faults: expanded.faults.filter(({ calendar }) => !names.has(calendar)),
    faultsOfKept: ofKept.flatMap(({ builtOn, ...fault }) => (builtOn ? [{ ...fault, builtOn }] : [])),
  }
}

/** It was right for the version of Sluice that applied it. */
function readAgain(file: CalendarFile | undefined): CalendarFile | undefined {
  const checked = checkCalendarFile(file, () => undefined)
  return checked.kind === 'valid' ? checked.file : undefined
}

/** Without its document it counts as it is applied. */
const pinned =
  (names: ReadonlySet<string>) =>
  ({ file, ...calendar }: MeshCalendar): MeshCalendar =>
    file && !names.has(file.calendar) ? { ...calendar, file } : calendar

function around(asApplied: readonly CalendarDefinition[]): ShippedCalendars {
  const applied = toCalendars(asApplied)
  return {
    names: [...new Set([...applied.keys(), ...shippedCalendars.names])],
    find: (name) => applied.get(name) ?? shippedCalendars.find(name),
  }
}

/** The nearest document that the calendar builds on. */
function findDocument(
  name: string,
  documents: readonly CalendarFile[],
  built: readonly CalendarFile[],
): string | undefined {
  const files = new Map([...built, ...documents].map((file) => [file.calendar, file]))
  const isDocument = (found: string): boolean => documents.some(({ calendar }) => calendar === found)
  return [...withBases([name], (found) => files.get(found))].find(isDocument)
}
