// The calendars that come with Sluice. In: calendars/*.yaml beside this file. Out: each with every date decided, made when
// it is first asked for. Never: another grammar than that of a mesh's own calendars.
import { readFileSync } from 'node:fs'
import type { CalendarDefinition } from '../model/calendar/calendars.ts'
import { expandCalendars, NONE_SHIPPED, type ShippedCalendars } from '../model/calendar/rules/expand.ts'
import { checkCalendarFile } from '../model/calendar-file.schema.ts'
import { readDocuments } from './documents.ts'

const NAMES = ['us-equities', 'us-bonds', 'us-banking', 'weekdays'] as const

const made = new Map<string, CalendarDefinition>()

export const shippedCalendars: ShippedCalendars = {
  names: NAMES,
  find(name) {
    if (!made.has(name) && NAMES.some((known) => known === name)) made.set(name, make(name))
    return made.get(name)
  },
}

/** @throws when a shipped file is broken, which its tests would have seen. */
function make(name: string): CalendarDefinition {
  const url = new URL(`calendars/${name}.yaml`, import.meta.url)
  const { documents, problems } = readDocuments({ file: url.pathname, text: readFileSync(url, 'utf8') })
  const [document] = documents
  const checked = document && checkCalendarFile(document.value, document.sourceOf)
  const files = checked?.kind === 'valid' ? [checked.file] : []
  const { calendars, faults } = expandCalendars(files, NONE_SHIPPED)
  const [calendar] = calendars
  if (calendar) return calendar
  const found = [...problems, ...(checked?.kind === 'invalid' ? checked.findings : []), ...faults]
  throw new Error(`${url.pathname}: ${found.map(({ message }) => message).join('; ')}`)
}
