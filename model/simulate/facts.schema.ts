// The events file of `sluice simulate`, JSON Lines, parsed at the edge. In: its text, what is to be simulated.
// Out: timed facts, or everything that is wrong with it, by line and column.
// Never: a fact about a cycle that does not exist; zod's or the engine's own words.
import { z } from 'zod'
import { isDate } from '../calendar/day-numbers.ts'
import { GLUE_ENDS, type GlueEndState } from '../cycle/attempt.ts'
import { MAX_EVENT_ID, MAX_REVISION, toInstant } from '../event-values.ts'
import { toFindings } from '../findings.schema.ts'
import {
  type CycleKey,
  type ProductId,
  parseCycleKey,
  parseProductId,
  SUCH_KEYS,
  toCycleId,
  toEventId,
} from '../ids.ts'
import { didYouMean } from '../nearest.ts'
import type { TimedFact } from './facts.ts'
import { columnOf } from './json-line.ts'
import type { KnownProducts } from './known-products.ts'

export interface FactProblem {
  line: number
  column: number
  message: string
}

export type ParsedFacts = { kind: 'valid'; facts: TimedFact[] } | { kind: 'invalid'; problems: FactProblem[] }

interface FactOptions {
  known: KnownProducts
}

/** `at` of each problem: the key whose value, or which itself, is wrong. */
interface Fault {
  key: string
  on: 'key' | 'value'
  message: string
}

export function parseFacts(text: string, options: FactOptions): ParsedFacts {
  const facts: { fact: TimedFact; content: string }[] = []
  const problems: FactProblem[] = []
  const ids = new Map<string, { line: number; event: string }>()
  for (const [index, content] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (content.trim() === '') continue
    const line = index + 1
    const parsed = parseLine(content, line, options)
    if ('column' in parsed) problems.push({ ...parsed, line })
    else {
      const faults = parsed.fact ? [...parsed.faults, ...faultsOfId(parsed.fact, ids)] : parsed.faults
      problems.push(...faults.map(({ key, on, message }) => ({ line, column: columnOf(content, key, on), message })))
      if (faults.length === 0 && parsed.fact) facts.push({ fact: parsed.fact, content })
    }
  }
  problems.push(...faultsOfDriven(facts))
  problems.sort((one, other) => one.line - other.line)
  return problems.length > 0 ? { kind: 'invalid', problems } : { kind: 'valid', facts: facts.map(({ fact }) => fact) }
}

/** What the file publishes is not run as well. */
function faultsOfDriven(facts: { fact: TimedFact; content: string }[]): FactProblem[] {
  const driven = new Set(facts.flatMap(({ fact }) => (fact.kind === 'event' ? fact.arrival.product : [])))
  return facts.flatMap(({ fact, content }) => {
    if (fact.kind === 'event' || !driven.has(fact.product)) return []
    const message = `run: ${fact.product} is driven by the events of this file, so its own runs are not simulated`
    return { line: fact.line, column: columnOf(content, 'run', 'value'), message }
  })
}

type Parsed = { fact: TimedFact | undefined; faults: Fault[] } | { column: number; message: string }

function parseLine(content: string, line: number, options: FactOptions): Parsed {
  const value = parseJson(content)
  if (value instanceof SyntaxError) return noJson(value, content)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { column: 1, message: 'a line is one event or run in braces: {"at":…,"product":…,"cycle":…}' }
  }
  return 'run' in value ? parseRun(value, line, options) : parseEvent(value, line, options)
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content) as unknown
  } catch (error) {
    return error
  }
}

function noJson({ message }: SyntaxError, content: string): Parsed {
  const [, position] = /at position (\d+)/.exec(message) ?? []
  const otherwise = message.includes('end of JSON') ? content.length : 0
  const said = message.replace(/ in JSON at position.*$/, '').replace(/ \(line \d+ column \d+\)$/, '')
  return { column: Number(position ?? otherwise) + 1, message: `no JSON: ${said}` }
}

/** A value checked by a function that answers the value, or what is wrong with it. */
const checked = <T>(check: (value: unknown) => T | Wrong) =>
  z.unknown().transform((value, context): T => {
    const found = check(value)
    if (!(found instanceof Wrong)) return found
    context.addIssue({ code: 'custom', message: found.message })
    return z.NEVER
  })

class Wrong {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

function text(value: unknown, such: string): string | Wrong {
  if (typeof value === 'string') return value
  return new Wrong(`${value === undefined ? 'is missing' : 'is no text'}; write ${such}`)
}

const WALL_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?/
const OFFSET = /(?:Z|[+-]\d{2}:\d{2})$/

/** In epoch milliseconds. */
const at = checked((value) => {
  const found = text(value, 'a time such as "2026-11-20T17:05:00-05:00"')
  if (found instanceof Wrong) return found
  if (!WALL_TIME.test(found)) return new Wrong(`"${found}" is no time such as "2026-11-20T17:05:00-05:00"`)
  if (!OFFSET.test(found)) return new Wrong(`"${found}" has no offset; end it with Z or one such as -05:00`)
  const instant = isDate(found.slice(0, 10)) ? toInstant(found) : undefined
  return instant === undefined ? new Wrong(`"${found}" is no time that exists`) : Date.parse(instant)
})

const product = checked((value) => {
  const found = text(value, 'a product such as "raw/rd1"')
  if (found instanceof Wrong) return found
  return parseProductId(found) ?? new Wrong(`"${found}" is not written <domain>/<product>, such as "raw/rd1"`)
})

const cycle = checked((value) => {
  const found = text(value, `a cycle key such as ${SUCH_KEYS}`)
  if (found instanceof Wrong) return found
  return parseCycleKey(found) ?? new Wrong(`"${found}" is no cycle key; it is one such as ${SUCH_KEYS}`)
})

const revision = checked((value) => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_REVISION) return value
  return new Wrong(`is a whole number from 1 to ${MAX_REVISION}`)
}).optional()

const id = checked((value) => {
  const isSound = typeof value === 'string' && value.trim() !== '' && value.length <= MAX_EVENT_ID
  return isSound ? value : new Wrong(`is a text of 1 to ${MAX_EVENT_ID} characters`)
}).optional()

const result = checked((value): GlueEndState | Wrong => {
  const found = text(value, `one of ${GLUE_ENDS.join(', ')}`)
  if (found instanceof Wrong) return found
  const words = `; it is one of ${GLUE_ENDS.join(', ')}`
  const known = GLUE_ENDS.find((end) => end === found)
  return known ?? new Wrong(`"${found}" is no end of a run${didYouMean(found, GLUE_ENDS) || words}`)
})

const eventLine = z.strictObject({ at, product, cycle, revision, id })
const runLine = z.strictObject({ at, run: product, cycle, result })

function parseEvent(value: object, line: number, options: FactOptions): Parsed {
  const parsed = eventLine.safeParse(value)
  if (!parsed.success) return { fact: undefined, faults: toFaults(parsed.error, eventLine, value) }
  const { at: atMs, product: of, cycle: key, revision: number = 1, id: given } = parsed.data
  const eventId = given ?? toEventId(toCycleId(of, key), number)
  const occurredAt = new Date(atMs).toISOString()
  const named = { eventId, product: of, key, revision: number }
  const arrival = { ...named, location: null, correlationId: eventId, occurredAt }
  const faults = faultsOfCycle({ product: of, key }, 'product', options)
  return { fact: { kind: 'event', line, atMs, arrival }, faults }
}

function parseRun(value: object, line: number, options: FactOptions): Parsed {
  const parsed = runLine.safeParse(value)
  if (!parsed.success) return { fact: undefined, faults: toFaults(parsed.error, runLine, value) }
  const { at: atMs, run, cycle: key, result: end } = parsed.data
  const faults = faultsOfCycle({ product: run, key }, 'run', options)
  return { fact: { kind: 'run', line, atMs, product: run, key, result: end }, faults }
}

const toFaults = (error: z.ZodError, schema: z.ZodType, value: object): Fault[] =>
  toFindings(error.issues, { schema, value, sourceOf: () => undefined }).map(({ path, on, message }) => ({
    key: String(path[0] ?? ''),
    on,
    message,
  }))

interface Named {
  product: ProductId
  key: CycleKey
}

function faultsOfCycle({ product: of, key }: Named, named: 'product' | 'run', { known }: FactOptions): Fault[] {
  const found = known.find(of)
  if (!found) {
    const guess = didYouMean(of, known.names) || '; no definition names it'
    return [{ key: named, on: 'value', message: `${named}: there is no product "${of}"${guess}` }]
  }
  if (named === 'run' && !found.isOwn) {
    const message = `run: ${of} has no runs to simulate: it is no product of these definitions`
    return [{ key: named, on: 'value', message }]
  }
  // An event of a day without a cycle may come, and is unmatched then; a run of none cannot end.
  const why = named === 'run' ? found.whyNoCycle(key) : found.whyWrongKind(key)
  return why === null ? [] : [{ key: 'cycle', on: 'value', message: `cycle: ${of} has no cycle ${key}: ${why}` }]
}

/** An id names one event; the same event may come twice. */
function faultsOfId(fact: TimedFact, ids: Map<string, { line: number; event: string }>): Fault[] {
  if (fact.kind === 'run') return []
  const { eventId, product: of, key, revision: number } = fact.arrival
  const event = toEventId(toCycleId(of, key), number)
  const before = ids.get(eventId)
  if (!before) ids.set(eventId, { line: fact.line, event })
  if (!before || before.event === event) return []
  return [
    { key: 'id', on: 'value', message: `id: "${eventId}" is the id of another event already, in line ${before.line}` },
  ]
}
