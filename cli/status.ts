// In: what to show. Out: the grid of products × dates and what each waiting cycle waits for, once or again and again.
import { setTimeout as pause } from 'node:timers/promises'
import type { CycleRow } from '../mirror/status.ts'
import { flagsAt, isLate } from '../mirror/status.ts'
import { CYCLE_STATES, type CycleState } from '../model/states.ts'
import { didYouMean } from '../model/nearest.ts'
import { withConnection } from './connection.ts'
import { CommandFailure, EXIT, toSentence } from './failure.ts'
import { type Grid, toGrid } from './grid.ts'
import { type Output, print, printJson, talk, toPrintable } from './output.ts'
import { CENTRAL } from './stack-environment.ts'
import { createStatusReader, type StatusChoice, type StatusView } from './status-view.ts'
import { symbolsFor } from './symbols.ts'
import { toFrame } from './watch-screen.ts'

interface StatusOptions extends Omit<StatusChoice, 'states'> {
  state?: string[]
  watch: boolean
  stack?: string
  output: Output
}

const LOOK_MS = 1_000
const NONE_YET = 'No cycle is known yet. The scheduler opens those that are due; `sluice open` opens one.'
const NONE_THEN = 'No cycle is open on these dates. The scheduler opens those that are due; `sluice open` opens one.'
const NONE_LIKE_THAT = 'No cycle is like that.'

export async function status({ state = [], ...options }: StatusOptions): Promise<number> {
  const choice: StatusChoice = { ...options, states: state.map(requireState) }
  return withConnection(options, CENTRAL, async (connection) => {
    const read = createStatusReader(connection.db(), choice)
    if (options.watch) return watch(read, choice, options.output)
    const view = await read(Date.now())
    if (options.output === 'json') printJson(view.rows.map((row) => toJsonRow(view, row, Date.now())))
    else say(view, choice)
    return 0
  })
}

function say(view: StatusView, choice: StatusChoice): void {
  if (view.products.length > 0) print(toText(view, Date.now()))
  if (view.rows.length === 0) talk(noneWords(view, choice))
  for (const note of view.notes) talk(note)
}

const toText = (view: StatusView, nowMs: number): string =>
  toGrid({ ...view, symbols: symbolsFor(process.env, process.platform) } satisfies Grid, nowMs)

/** A grid of products without cycles says something all the same. */
function noneWords({ products }: StatusView, choice: StatusChoice): string {
  if (products.length > 0) return NONE_THEN
  return isNarrowed(choice) ? NONE_LIKE_THAT : NONE_YET
}

const isNarrowed = ({ domain, owner, product, states, late, date }: StatusChoice): boolean =>
  [domain, owner, product, date].some((one) => one !== undefined) || states.length > 0 || late

const toJsonRow = ({ owners }: StatusView, row: CycleRow, nowMs: number) => ({
  ...row,
  owner: owners.get(row.product) ?? null,
  flags: flagsAt(row, nowMs),
  isLate: isLate(row, nowMs),
})

/** On a terminal the screen is painted over; elsewhere each change is printed below the last, as JSON one line each. */
async function watch(
  read: (nowMs: number) => Promise<StatusView>,
  choice: StatusChoice,
  output: Output,
): Promise<number> {
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  const isScreen = process.stdout.isTTY && output === 'table'
  let answered: Answered | undefined
  let shown: string | undefined
  while (!stopping.signal.aborted) {
    const nowMs = Date.now()
    const outage = await read(nowMs).then(
      (view) => {
        answered = { text: output === 'json' ? toJsonLine(view, nowMs) : toWatched(view, choice, nowMs), atMs: nowMs }
      },
      (error: unknown) => toOutage(error, output),
    )
    const text = outage ?? answered?.text ?? ''
    if (isScreen) paint(answered, outage, { nowMs, isFirst: shown === undefined })
    else if (text !== shown) print(text)
    shown = text
    await pause(LOOK_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
  }
  if (isScreen) print()
  return EXIT.interrupted
}

interface Answered {
  text: string
  atMs: number
}

/** What was seen last stays on the screen while nothing answers. */
function paint(
  answered: Answered | undefined,
  outage: string | void,
  { nowMs, isFirst }: { nowMs: number; isFirst: boolean },
): void {
  const text = answered?.text ?? ''
  const footer = outage ? `${outage} As of ${answered ? toSecond(answered.atMs) : 'never'}; ` : ''
  const frame = toFrame(toPrintable(text), `${footer}looked at ${toSecond(nowMs)}; Ctrl-C ends`, {
    rows: process.stdout.rows,
    isFirst,
  })
  process.stdout.write(frame)
}

const toSecond = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`

const toWatched = (view: StatusView, choice: StatusChoice, nowMs: number): string =>
  [
    ...(view.products.length > 0 ? [toText(view, nowMs)] : []),
    ...(view.rows.length === 0 ? [noneWords(view, choice)] : []),
    ...view.notes,
  ].join('\n')

const toJsonLine = (view: StatusView, nowMs: number): string =>
  JSON.stringify(view.rows.map((row) => toJsonRow(view, row, nowMs)))

/** A name that is not known is no outage. */
function toOutage(error: unknown, output: Output): string {
  if (error instanceof CommandFailure) throw error
  const said = `The mirror does not answer, asking again: ${toSentence(error)}`
  return output === 'json' ? JSON.stringify({ error: said }) : said
}

function requireState(text: string): CycleState {
  const wanted = text.toUpperCase()
  const state = CYCLE_STATES.find((known) => known === wanted)
  if (state) return state
  const hint = didYouMean(wanted, CYCLE_STATES).replace(/^; did/, ' Did')
  throw new CommandFailure(
    EXIT.failed,
    `There is no state ${text}; a cycle is one of ${CYCLE_STATES.join(', ')}.${hint}`,
  )
}
