// What a person reads of a simulation: what happened, in the order in which it did, by date. In: moments as they come.
// Out: lines of text. Pure. Never: a line for what everybody expects, such as a cycle that is opened when it is due.
import pc from 'picocolors'
import type { Cycle } from '../model/cycle/cycle.ts'
import type { ProductDefinition } from '../model/definition.ts'
import type { CycleId } from '../model/ids.ts'
import type { Simulated } from '../model/simulate/simulate.ts'
import type { Moment, Taken } from '../model/simulate/world.ts'
import { colourState } from './output.ts'

export interface Timeline {
  tell(moment: Moment): void
  lines(): string[]
}

interface Line {
  atMs: number
  zone: string
  subject: string
  /** What it tells of. */
  product: string
  to: Effect[]
}

/** What an event means to a cycle. */
interface Effect {
  product: string
  key: string
  word: string
}

/** Of the present instant: an arrival and what it starts are one line. */
interface Instant {
  lines: Line[]
  /** By cycle. */
  waiting: Map<CycleId, Effect>
}

export function createTimeline(products: ProductDefinition[], isShown: (product: string) => boolean): Timeline {
  const zones = new Map<string, string>(products.map(({ product, timezone }) => [product, timezone]))
  const main = mostCommon([...zones.values()]) ?? 'UTC'
  const told: string[] = []
  let date = ''
  const open: Instant = { lines: [], waiting: new Map() }
  const flush = (): void => {
    for (const line of open.lines) {
      const to = line.to.filter(({ product }) => isShown(product))
      if (to.length === 0 && !isShown(line.product)) continue
      const wall = toWall(line.atMs, main)
      if (wall.date !== date) told.push(...(date === '' ? [] : ['']), pc.bold(`${wall.date} (${main})`))
      date = wall.date
      told.push(toText({ ...line, to }, main))
    }
    open.lines = []
    open.waiting.clear()
  }
  return {
    tell(moment) {
      if (open.lines[0] && open.lines[0].atMs !== moment.atMs) flush()
      addMoment(open, moment, zones, main)
    },
    lines() {
      flush()
      return told
    },
  }
}

function addMoment(open: Instant, moment: Moment, zones: ReadonlyMap<string, string>, main: string): void {
  const { atMs } = moment
  const add = (product: string, subject: string, to: Line['to'] = []): void => {
    const zone = zones.get(product) ?? zones.get(to[0]?.product ?? '') ?? main
    open.lines.push({ atMs, zone, subject, product, to })
  }
  switch (moment.kind) {
    case 'opened':
      return
    case 'arrived': {
      const { arrival, line, to } = moment
      const again = arrival.revision > 1 ? `, revision ${arrival.revision}` : ''
      const verb = line === null ? colourState('COMPLETED', 'completed') : `arrived (line ${line})`
      const effects = to.map((taken) => toEffect(open, taken))
      return add(arrival.product, `${arrival.product} ${arrival.key} ${verb}${again}`, effects)
    }
    case 'ended':
      return add(moment.cycle.input.product, `${nameOf(moment.cycle)} ${toEnd(moment.cycle)}`)
    case 'moved':
      return addMove(open, moment, add)
  }
}

function addMove(
  { waiting }: Instant,
  { cycle, from }: Extract<Moment, { kind: 'moved' }>,
  add: (product: string, subject: string) => void,
): void {
  const { product } = cycle.input
  if (cycle.state === 'PROCESSING') {
    const effect = waiting.get(cycle.id)
    if (effect && from === 'WAITING') effect.word = STARTS
    else add(product, `${nameOf(cycle)} ${STARTS}`)
  } else if (cycle.state !== 'COMPLETED') {
    const step = cycle.step ? `(${cycle.step})` : ''
    add(product, `${nameOf(cycle)} ${colourState(cycle.state, cycle.state + step)}: ${cycle.reason ?? ''}`)
  } else if (cycle.published === null) add(product, `${nameOf(cycle)} ${colourState('COMPLETED', 'completed')}`)
}

const STARTS = colourState('PROCESSING', 'starts')
const WAITS_ON = 'goes on waiting'

function toEffect({ waiting }: Instant, { cycle, product, key, outcome }: Taken): Effect {
  if (outcome !== 'satisfied') return { product, key, word: outcome }
  const effect = { product, key, word: WAITS_ON }
  waiting.set(cycle, effect)
  return effect
}

function toEnd(cycle: Cycle): string {
  const attempt = cycle.attempts.at(-1)
  const again =
    cycle.retryAtMs === null ? '' : `; again at ${toWall(cycle.retryAtMs, cycle.input.definition.timezone).time}`
  return `attempt ${attempt?.number} ended ${attempt?.end?.state}${again}`
}

const nameOf = ({ input }: Cycle): string => `${input.product} ${input.key}`

function toText({ atMs, zone, subject, to }: Line, main: string): string {
  const [here, there] = [toWall(atMs, main), toWall(atMs, zone)]
  const date = here.date === there.date ? '' : `${there.date} `
  const time = zone === main ? here.time : `${date}${there.time} ${zone}`
  const effects = to.map(({ product, key, word }) => `${product} ${key} ${word}`)
  return `${time}  ${subject}${effects.length > 0 ? ` -> ${effects.join(', ')}` : ''}`
}

interface Wall {
  atMs: number
  date: string
  time: string
}

/** Of each zone the last that was asked for: many lines share an instant. */
const walls = new Map<string, Wall>()

/** Seconds only where there are any. */
function toWall(atMs: number, zone: string): Wall {
  const last = walls.get(zone)
  const found = last?.atMs === atMs ? last : readWall(atMs, zone)
  walls.set(zone, found)
  return found
}

const formats = new Map<string, Intl.DateTimeFormat>()

function readWall(atMs: number, zone: string): Wall {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium', hourCycle: 'h23' })
  formats.set(zone, format)
  const [date = '', time = ''] = format.format(atMs).split(' ')
  return { atMs, date, time: time.replace(/:00$/, '') }
}

function mostCommon(texts: string[]): string | undefined {
  const counts = Map.groupBy(texts, (text) => text)
  return [...counts].sort(([, one], [, other]) => other.length - one.length)[0]?.[0]
}

/** What did not come to an end. */
export function toLeftOpen({ cycles }: Simulated): string[] {
  const open = cycles.filter(({ state }) => state === 'WAITING' || state === 'PROCESSING' || state === 'ERROR')
  if (open.length === 0) return []
  const lines = open
    .slice(0, MOST_LISTED)
    .map(({ product, key, state, reason }) => `  ${product} ${key} ${colourState(state)}${reason ? `: ${reason}` : ''}`)
  const more = open.length > MOST_LISTED ? [`  and ${open.length - MOST_LISTED} more; -o json has them all`] : []
  return ['', pc.bold('Open at the end'), ...lines, ...more]
}

/** More than these nobody reads. */
const MOST_LISTED = 100

/** `: 3 COMPLETED, 1 WAITING`. */
export function toSums({ cycles }: Simulated): string {
  const counts = [...Map.groupBy(cycles, ({ state }) => state)].map(([state, rows]) => `${rows.length} ${state}`)
  return counts.length === 0 ? '' : `: ${counts.sort().join(', ')}`
}
