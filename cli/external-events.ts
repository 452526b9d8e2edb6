// The file of events of `sluice external test`. In: its name. Out: each event as the body of a message, and where it stands.
// Never: a body that the bridge would read otherwise; an empty file taken for events that all went well.
import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { parseMessage } from '../bridge/parse.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { talk, toCount } from './output.ts'

export interface FileEvent {
  body: string
  value: unknown
}

interface Bad {
  /** Such as `event.json:3`. */
  at: string
  why: string
}

type Found = (FileEvent & { at: string }) | Bad

/** One event as JSON, a list of them, or one a line. @throws when one of them is none, or there is none. */
export async function readEvents(file: string): Promise<FileEvent[]> {
  const name = file === '-' ? '<stdin>' : file
  const text = file === '-' ? await readAll(process.stdin) : await readText(file)
  const found = splitEvents(name, text.replace(/^\uFEFF/, '')).map(toChecked)
  if (found.length === 0) throw new CommandFailure(EXIT.failed, `${name} holds no event.`)
  const bad = found.filter((one) => 'why' in one)
  for (const { at, why } of bad) talk(`${at}: ${why}`)
  if (bad.length > 0)
    throw new CommandFailure(EXIT.failed, `Nothing was tried: ${toCount(bad.length, 'problem')} in the events.`)
  return found.filter((one) => 'body' in one)
}

function splitEvents(name: string, text: string): Found[] {
  const whole = parseJson(text)
  if (whole.ok) {
    const isList = Array.isArray(whole.value)
    const values: unknown[] = isList ? (whole.value as unknown[]) : [whole.value]
    return values.map((value, at) => toFound(isList ? `${name}, event ${at + 1}` : name, value))
  }
  const lines = text.split(/\r?\n/).map((content, at) => ({ content, at: `${name}:${at + 1}` }))
  const filled = lines.filter(({ content }) => content.trim() !== '')
  if (filled.length > 0 && !isLines(filled.map(({ content }) => content))) {
    const line = lineOf(whole.problem, lines.length)
    return [{ at: line === undefined ? name : `${name}:${line}`, why: toWhy(whole.problem) }]
  }
  return filled.map(({ content, at }) => {
    const json = parseJson(content)
    return json.ok ? toFound(at, json.value) : { at, why: toWhy(json.problem) }
  })
}

/** One document over several lines begins with a bracket that its first line does not close; so does no event a line. */
const isLines = (lines: string[]): boolean =>
  !lines[0]?.trimStart().startsWith('[') && lines.some((line) => line.startsWith('{') && parseJson(line).ok)

/** Written as EventBridge writes it, so that spaces count for nothing. */
const toFound = (at: string, value: unknown): Found => ({ at, value, body: JSON.stringify(value) })

function toChecked(found: Found): Found {
  if ('why' in found) return found
  const parsed = parseMessage(found.body)
  const isNone = parsed.kind === 'refused' && parsed.code === 'not-an-event'
  return isNone ? { at: found.at, why: parsed.reason } : found
}

/** Where the engine's words name it, or leave one only. */
function lineOf(problem: string, lines: number): number | undefined {
  const named = /\(line (\d+) column \d+\)/.exec(problem)?.[1]
  if (named !== undefined) return Number(named)
  return lines === 1 || problem.includes('end of JSON') ? lines : undefined
}

/** Of the engine's words those that the place before them does not say; some quote the text with its line ends. */
const toWhy = (problem: string): string =>
  `is no JSON: ${problem.replace(/\(line \d+ (column \d+)\)/, '($1)').replaceAll(/\s+/g, ' ')}`

function parseJson(text: string): { ok: true; value: unknown } | { ok: false; problem: string } {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message.slice(0, 200) : String(error) }
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new CommandFailure(EXIT.failed, `Could not read ${file}: ${(error as Error).message}`)
  }
}
