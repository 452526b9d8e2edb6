// In: what to show. Out: the grid of products × dates and what each waiting cycle waits for, once or again and again.
import { setTimeout as pause } from 'node:timers/promises'
import { listPresent } from '../mirror/carried-versions.ts'
import { flagsAt, isLate, listCycles } from '../mirror/status.ts'
import type { Domain } from '../model/ids.ts'
import { CYCLE_STATES, type CycleState } from '../model/states.ts'
import { withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { toColumn, toGrid } from './grid.ts'
import type { VersionedRow } from './older-version.ts'
import { type Output, print, printJson, talk } from './output.ts'
import { CENTRAL } from './stack-environment.ts'

interface StatusOptions {
  domain?: string
  state?: string
  dates: number
  watch: boolean
  stack?: string
  output: Output
}

const LIMIT = 5_000
const LOOK_MS = 1_000
const NONE_YET = 'No cycle is known yet. The scheduler opens those that are due; `sluice open` opens one.'

export async function status(options: StatusOptions): Promise<number> {
  const state = requireState(options.state)
  const domain = options.domain as Domain | undefined
  return withConnection(options, CENTRAL, async (connection) => {
    const read = async (): Promise<VersionedRow[]> => {
      const rows = await listCycles(connection.db(), {
        ...(domain && { domain }),
        ...(state && { state }),
        limit: LIMIT,
      })
      const columns = [...new Set(rows.map(({ key }) => toColumn(key)))].slice(0, options.dates)
      const shown = rows.filter(({ key }) => columns.includes(toColumn(key)))
      const present = await listPresent(connection.db(), [...new Set(shown.map(({ product }) => product))])
      const versions = new Map(present.map(({ product, version }) => [product, version]))
      return shown.map((row) => ({ ...row, currentVersion: versions.get(row.product) ?? null }))
    }
    const none = domain || state ? 'No cycle is like that.' : NONE_YET
    if (options.watch) return watch(read, none)
    const rows = await read()
    if (options.output === 'json') printJson(rows.map((row) => toJsonRow(row, Date.now())))
    else if (rows.length === 0) talk(none)
    else print(toGrid(rows, Date.now()))
    return 0
  })
}

const toJsonRow = (row: VersionedRow, nowMs: number) => ({
  ...row,
  flags: flagsAt(row, nowMs),
  isLate: isLate(row, nowMs),
})

/** On a terminal the screen is painted again; elsewhere each change is printed below the last. */
async function watch(read: () => Promise<VersionedRow[]>, none: string): Promise<number> {
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  let shown = ''
  while (!stopping.signal.aborted) {
    const grid = await read().then(
      (rows) => (rows.length > 0 ? toGrid(rows, Date.now()) : none),
      (error: unknown) => `The mirror does not answer, asking again: ${(error as Error).message}`,
    )
    if (grid !== shown) print((process.stdout.isTTY ? '\u001b[2J\u001b[H' : '') + grid)
    shown = grid
    await pause(LOOK_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
  }
  return EXIT.interrupted
}

function requireState(text: string | undefined): CycleState | undefined {
  const state = CYCLE_STATES.find((known) => known === text)
  if (text === undefined || state) return state
  throw new CommandFailure(EXIT.failed, `There is no state ${text}; a cycle is one of ${CYCLE_STATES.join(', ')}.`)
}
