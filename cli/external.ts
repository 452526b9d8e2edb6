// What declared mappings make of EventBridge events, tried out without a connection. In: definition files, events.
// Out: for each event the upstream cycles it means, or why none. Never: another mapping than the bridge's.
import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { checkMesh } from '../catalog/check-mesh.ts'
import type { Mesh } from '../catalog/mesh.ts'
import { toProblemText } from '../catalog/problem.ts'
import { readMesh } from '../catalog/read-mesh.ts'
import { toCalendars } from '../model/calendar/calendars.ts'
import { type External, toExternal } from '../model/calendar/own-externals.ts'
import type { ForeignEvent } from '../model/calendar/external.ts'
import { domainOf } from '../model/ids.ts'
import { type Envelope, envelopeSchema } from '../model/refresh-event.schema.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson, talk, toCount } from './output.ts'

interface TestOptions {
  event: string
  output: Output
}

interface Tried {
  event: string
  arrivals: { product: string; cycle: string; revision: number; location: string | null; eventId: string }[]
  reason: string | null
}

/** 0 when each event means something. */
export async function testExternals(paths: string[], { event: file, output }: TestOptions): Promise<number> {
  const mesh = await requireMesh(paths)
  const tried = (await readEvents(file)).map((envelope): Tried => {
    const { 'detail-type': detailType, source, account, time, id, detail } = envelope
    const answers = askDomains(mesh, { detailType, source, account, time, id, detail })
    const arrivals = answers
      .flatMap((answer) => (answer.kind === 'arrivals' ? answer.arrivals : []))
      .map(({ product, key: cycle, revision, location, eventId }) => ({ product, cycle, revision, location, eventId }))
    const reasons = answers.flatMap((answer) => ('reason' in answer ? [answer.reason] : []))
    const why = reasons.join('; ') || 'no external means events of this source and type'
    return { event: `${id} (${detailType} of ${source})`, arrivals, reason: arrivals.length > 0 ? null : why }
  })
  if (output === 'json') printJson(tried)
  else for (const one of tried) tell(one)
  const without = tried.filter(({ arrivals }) => arrivals.length === 0).length
  if (without > 0) talk(`${toCount(without, 'event')} of ${tried.length} would be kept as unmatched.`)
  return without > 0 ? EXIT.failed : 0
}

/** As each domain's bridge would read it. */
function askDomains({ domains, externals, calendars }: Mesh, event: ForeignEvent): External[] {
  const used = toCalendars(calendars.map(({ definition }) => definition))
  return domains.map(({ domain, account }) => {
    const own = externals.filter(({ product }) => domainOf(product) === domain)
    return toExternal({ account, externals: own, calendars: used }, event)
  })
}

function tell({ event, arrivals, reason }: Tried): void {
  print(event)
  for (const { product, cycle, revision, location } of arrivals) {
    print(`  is ${product}/${cycle}, revision ${revision}${location ? `, data at ${location}` : ''}`)
  }
  if (reason) print(`  is nothing: ${reason}`)
}

async function requireMesh(paths: string[]): Promise<Mesh> {
  const checked = checkMesh(await readMesh(...paths))
  if (checked.kind === 'valid' && checked.mesh) return checked.mesh
  const problems = checked.kind === 'invalid' ? checked.problems : checked.notes
  for (const problem of problems) talk(toProblemText(problem))
  throw new CommandFailure(EXIT.failed, `Nothing was tried: ${toCount(problems.length, 'problem')} in the definitions.`)
}

/** One event as JSON, a list of them, or one a line. */
async function readEvents(file: string): Promise<Envelope[]> {
  const text = file === '-' ? await readAll(process.stdin) : await readText(file)
  const values = parseAll(text)
  if (!values) throw new CommandFailure(EXIT.failed, `${file} is neither JSON nor JSON Lines.`)
  return values.map((value, at) => {
    const parsed = envelopeSchema.safeParse(value)
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    const what = `${issue?.path.join('.') || 'it'}: ${issue?.message}`
    throw new CommandFailure(EXIT.failed, `Event ${at + 1} of ${file} is no EventBridge event: ${what}`)
  })
}

function parseAll(text: string): unknown[] | undefined {
  try {
    return [JSON.parse(text)].flat()
  } catch {
    return parseLines(text.split('\n').filter((line) => line.trim() !== ''))
  }
}

function parseLines(lines: string[]): unknown[] | undefined {
  try {
    return lines.map((line) => JSON.parse(line) as unknown)
  } catch {
    return undefined
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new CommandFailure(EXIT.failed, `Could not read ${file}: ${(error as Error).message}`)
  }
}
