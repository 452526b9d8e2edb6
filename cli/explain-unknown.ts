// Why there is no such cycle: a slip of the finger, a day on which its calendar is closed, a day that is still to come. In: the name,
// the definitions of its domain. Out: one sentence, and what the cycle would wait for. Never: "not found" alone.
import { listDomains } from '../mirror/blockers.ts'
import { isNotYet } from '../model/calendar/backfill-range.ts'
import { toCadence } from '../model/calendar/cadence.ts'
import { cycleAfter, cycleBefore, dueAtMs, hasCycle, type Timetable } from '../model/calendar/cycles.ts'
import { datesOf, keyAt } from '../model/calendar/dates.ts'
import { openCycle } from '../model/calendar/due.ts'
import { whyNotScheduled } from '../model/calendar/expectation.ts'
import { toTimetable } from '../model/calendar/routing.ts'
import { type CycleInput, type CycleSettings, openRun } from '../model/cycle/cycle.ts'
import type { ProductDefinition } from '../model/definition.ts'
import { type CycleKey, type CycleParts, domainOf, periodOf, toCycleId } from '../model/ids.ts'
import { didYouMean } from '../model/nearest.ts'
import type { Connection } from './connection.ts'
import { inputLines, OPEN_WORDS } from './explain-inputs.ts'
import { timeLines } from './explain-times.ts'
import { whyNoDefinition } from './no-definition.ts'
import { print } from './output.ts'
import { readCatalog } from './read-catalog.ts'

export interface Unknown {
  sentence: string
  /** What it would be opened with. */
  expected?: CycleInput
}

export async function whyUnknown(connection: Connection, parts: CycleParts): Promise<Unknown> {
  const { product, key } = parts
  const domain = domainOf(product)
  const noDomain = await whyNoDomain(connection, domain)
  if (noDomain) return { sentence: noDomain }
  const catalog = await readCatalog(connection, domain)
  const { products } = catalog
  const version = products.find(({ definition }) => definition.product === product)
  if (!version) {
    const names = products.map(({ definition }) => definition.product)
    return {
      sentence: whyNoDefinition(catalog, { product, key }, `. Its domain has ${names.join(', ') || 'no products'}.`),
    }
  }
  const timetable = toTimetable(catalog)
  const notDue = toNotScheduled(timetable, version.definition, key)
  if (notDue) return { sentence: notDue }
  const expected = openCycle(timetable, version, { key, openedBy: 'person', settings: NO_SETTINGS })
  return { sentence: toNotOpen(parts, dueAtMs(timetable.calendars, version.definition, key), Date.now()), expected }
}

/** Undefined where there is such a domain, or nobody can say. */
async function whyNoDomain({ db }: Connection, domain: string): Promise<string | undefined> {
  const domains = await listDomains(db()).catch(() => [])
  if (domains.length === 0 || domains.some((known) => known === domain)) return undefined
  return `There is no domain "${domain}"${didYouMean(domain, domains) || `. There are ${domains.join(', ')}.`}`
}

/** With the cycles around it; null where it is due. */
export function toNotScheduled({ calendars }: Timetable, definition: ProductDefinition, key: CycleKey): string | null {
  const why = whyNotScheduled(calendars, definition, key)
  if (why === null) return null
  const { product } = definition
  const said = `${toCycleId(product, key)} is not scheduled: ${why}.`
  try {
    const { period } = toCadence(definition.every)
    if (periodOf(key) !== period) {
      const last = keyAt(period, datesOf(key).last)
      const such = hasCycle(calendars, definition, last) ? last : cycleBefore(calendars, definition, last)
      return such ? `${said} Such as ${toCycleId(product, such)}.` : said
    }
    const around = [cycleBefore(calendars, definition, key), cycleAfter(calendars, definition, key)]
    const names = around.flatMap((one) => (one ? [toCycleId(product, one)] : []))
    return names.length === 0 ? said : `${said} The cycles around it: ${names.join(' and ')}.`
  } catch {
    // So far away no calendar says anything.
    return said
  }
}

function toNotOpen({ product, key }: CycleParts, dueMs: number, nowMs: number): string {
  const due = new Date(dueMs).toISOString()
  const opens = isNotYet(dueMs, nowMs)
    ? `It opens when it is due, at ${due}, or with its first arrival.`
    : `It was due at ${due}, and nothing has opened it. To open it now: sluice open ${product}/${key}`
  return `${product}/${key} is not open. ${opens}`
}

/** What it will wait for: settings play no part in it. */
export function tellExpected(input: CycleInput): void {
  const { dependencies } = openRun(input, 0)
  const lines = inputLines(input, { dependencies, words: OPEN_WORDS, nowMs: Date.now() })
  const { notBeforeMs, cutoffMs, availableByMs, definition } = input
  const instants = { notBefore: toIso(notBeforeMs), cutoffAt: toIso(cutoffMs), availableBy: toIso(availableByMs) }
  const times = timeLines({ ...instants, cutoffThen: definition.cutoff?.then, goesOn: [] }, false)
  if (lines.length + times.length === 0) return
  print(`${toCycleId(input.product, input.key)} would wait for${lines.length > 0 ? '' : ' its time alone'}`)
  for (const line of times) print(`  ${line}`)
  for (const line of lines) print(`  ${line.replace(/^(\s*)waits for /, '$1')}`)
}

const toIso = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString())

const NO_SETTINGS: CycleSettings = { checkGlueMs: 0, errorWaitMs: 0, recordRetryMs: 0 }
