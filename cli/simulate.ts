// In: definition files, a file of timed events, a span of dates. Out: what would happen, as a timeline or as JSON.
// Never: a connection to anything; the clock of this machine; half an answer where files have problems.
import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { checkMesh } from '../catalog/check-mesh.ts'
import type { Mesh } from '../catalog/mesh.ts'
import { type Problem, toProblemText } from '../catalog/problem.ts'
import { readMesh } from '../catalog/read-mesh.ts'
import { toSimulatedCatalogs } from '../catalog/simulated-catalogs.ts'
import { toDayNumber } from '../model/calendar/day-numbers.ts'
import type { CycleSettings } from '../model/cycle/cycle.ts'
import { didYouMean } from '../model/nearest.ts'
import { parseFacts } from '../model/simulate/facts.schema.ts'
import type { TimedFact } from '../model/simulate/facts.ts'
import { type KnownProducts, toKnownProducts } from '../model/simulate/known-products.ts'
import { AFTER_END, type Simulated, simulate } from '../model/simulate/simulate.ts'
import type { Moment } from '../model/simulate/world.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, talk, toCount } from './output.ts'
import { writeSimulated } from './simulate-json.ts'
import { createTimeline, toLeftOpen, toSums } from './simulate-timeline.ts'

export interface SimulateOptions {
  events: string
  from: string
  to: string
  /** In milliseconds. */
  duration: number
  product?: string[] | undefined
  output: Output
}

const MOST_DAYS = 10_000
const DAY_MS = 86_400_000
/** Those of a role that is told nothing else; only the wait for an operator means anything here. */
const SETTINGS: CycleSettings = { checkGlueMs: 900_000, errorWaitMs: 3 * DAY_MS, recordRetryMs: 120_000 }

export async function simulateFiles(paths: string[], options: SimulateOptions): Promise<number> {
  requireSpan(options)
  const mesh = await requireMesh(paths, options)
  const catalogs = toSimulatedCatalogs(mesh, options.from)
  const known = toKnownProducts(catalogs)
  const isShown = toFilter(options.product, known)
  const facts = requireFacts(await readEvents(options.events), options, known)
  const timeline = options.output === 'table' ? createTimeline(mesh.products, isShown) : undefined
  const simulated = simulate({
    ...{ catalogs, facts, settings: SETTINGS, durationMs: options.duration },
    endMs: Date.parse(`${options.to}T00:00:00Z`) + DAY_MS,
    ...(timeline && { watch: (moment: Moment) => timeline.tell(moment) }),
  })
  for (const { line, product, key } of simulated.unused) {
    talk(`note: line ${line} is about no attempt: ${product}/${key} had none that ended then or later`)
  }
  const late = simulated.events.filter(({ reason }) => reason === AFTER_END)
  if (late.length > 0) {
    talk(
      `note: ${toCount(late.length, 'event')} after the end of ${options.to} not played, the first in line ${late[0]?.line}`,
    )
  }
  const shown = pick(simulated, isShown)
  if (timeline) tellTable(shown, timeline.lines())
  else await writeSimulated(process.stdout, shown)
  return 0
}

function tellTable(simulated: Simulated, lines: string[]): void {
  for (let at = 0; at < lines.length; at += 1_000) print(lines.slice(at, at + 1_000).join('\n'))
  for (const line of toLeftOpen(simulated)) print(line)
  talk(`${toCount(simulated.cycles.length, 'cycle')}${toSums(simulated)}.`)
}

function requireSpan({ from, to }: SimulateOptions): void {
  if (from > to) throw new CommandFailure(EXIT.failed, `--from ${from} is after --to ${to}.`)
  const days = toDayNumber(to) - toDayNumber(from) + 1
  if (days <= MOST_DAYS) return
  const said = `${from} to ${to} is ${days} days: at most ${MOST_DAYS} are simulated at once; ask for them in parts.`
  throw new CommandFailure(EXIT.failed, said)
}

async function requireMesh(paths: string[], { from, to }: SimulateOptions): Promise<Mesh> {
  const checked = checkMesh(await readMesh(...paths), { today: from })
  if (checked.kind === 'invalid') throw toFailure(checked.problems, 'the definitions')
  if (!checked.mesh) {
    const notes = checked.notes.map(toProblemText).join('\n')
    throw new CommandFailure(
      EXIT.failed,
      `How often some product refreshes stands in files of another folder:\n${notes}`,
    )
  }
  const users = [...checked.mesh.products, ...checked.mesh.externals].map(({ calendar }) => calendar)
  for (const { definition } of checked.mesh.calendars.filter((one) => users.includes(one.definition.calendar))) {
    const beyond = [from, to].find((date) => date < definition.from || date > definition.to)
    if (beyond === undefined) continue
    const covers = `Calendar ${definition.calendar} covers ${definition.from} to ${definition.to}`
    throw new CommandFailure(EXIT.failed, `${covers}; it says nothing about ${beyond}.`)
  }
  return checked.mesh
}

async function readEvents(file: string): Promise<string> {
  if (file === '-') return readAll(process.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const why = isMissing ? `There is no file ${file}.` : `Could not read ${file}: ${(error as Error).message}.`
    throw new CommandFailure(EXIT.failed, why)
  }
}

function requireFacts(text: string, { events }: SimulateOptions, known: KnownProducts): TimedFact[] {
  const parsed = parseFacts(text, { known })
  if (parsed.kind === 'valid') return parsed.facts
  const file = events === '-' ? '<stdin>' : events
  const problems = parsed.problems.map((problem) => ({ file, ...problem }))
  throw toFailure(problems, 'the events')
}

function toFailure(problems: Problem[], what: string): CommandFailure {
  for (const problem of problems) talk(toProblemText(problem))
  return new CommandFailure(EXIT.failed, `Nothing was simulated: ${toCount(problems.length, 'problem')} in ${what}.`)
}

type IsShown = (product: string) => boolean

function toFilter(names: string[] | undefined, { names: all }: KnownProducts): IsShown {
  if (!names) return () => true
  const unknown = names.find((name) => !all.includes(name))
  if (unknown === undefined) return (product) => names.includes(product)
  const guess = didYouMean(unknown, all) || '.'
  throw new CommandFailure(EXIT.failed, `There is no product ${unknown} in these definitions${guess}`)
}

const pick = ({ cycles, events, unused }: Simulated, isShown: IsShown): Simulated => ({
  cycles: cycles.filter(({ product }) => isShown(product)),
  events: events.map((row) => ({ ...row, outcomes: row.outcomes.filter(({ consumer }) => isShown(consumer)) })),
  unused,
})
