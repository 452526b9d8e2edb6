// A scenario as its folder says it: definitions, timed events, and what is expected of them, written by hand.
// In: the folder's name. Out: the order of a simulation, and rows in the words of `expected.json`. Never: a mesh with problems.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { checkMesh } from '../../catalog/check-mesh.ts'
import { readMesh } from '../../catalog/read-mesh.ts'
import { toSimulatedCatalogs } from '../../catalog/simulated-catalogs.ts'
import { parseFacts } from '../../model/simulate/facts.schema.ts'
import { toKnownProducts } from '../../model/simulate/known-products.ts'
import type { CycleRow, EventRow } from '../../model/simulate/report.ts'
import type { SimulationOrder } from '../../model/simulate/world.ts'

const DAY_MS = 86_400_000

/** What else a cycle may be expected to show, as `sluice simulate` names it. */
type Detail = Partial<Pick<CycleRow, 'openedAt' | 'openedBy' | 'completedAt' | 'revision' | 'reason'>>

export interface ExpectedCycle extends Detail {
  /** `d1/ds1/2026-11-20` */
  cycle: string
  state: string
  startedAt: string | null
  /** `raw/rd1 2026-11-20,2026-11-19 ARRIVED`; `none` = it has no such cycle; `…` = and older ones. */
  dependencies?: string[]
  /** What the job reads, as the real stack tells it: `raw/rd1 2026-11-20`. The simulation runs no job. */
  inputs?: string[]
}

export interface Expected {
  from: string
  to: string
  cycles: ExpectedCycle[]
  /** By line: `d1/ds1/2026-11-20 satisfied`, all of them. */
  events?: Record<string, string[]>
  neverOpened?: string[]
}

export interface Scenario {
  name: string
  expected: Expected
  order: SimulationOrder
}

const folderOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export const listScenarios = (): string[] =>
  readdirSync(folderOf('.'), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []))

export async function readScenario(name: string): Promise<Scenario> {
  const folder = folderOf(name)
  const expected = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8')) as Expected
  const checked = checkMesh(await readMesh(`${folder}/mesh`), { today: expected.from })
  if (checked.kind === 'invalid' || !checked.mesh) throw new Error(`${name}: ${JSON.stringify(checked)}`)
  const catalogs = toSimulatedCatalogs(checked.mesh, expected.from)
  const parsed = parseFacts(readFileSync(`${folder}/events.jsonl`, 'utf8'), { known: toKnownProducts(catalogs) })
  if (parsed.kind === 'invalid') throw new Error(`${name}: ${JSON.stringify(parsed.problems)}`)
  const endMs = Date.parse(`${expected.to}T00:00:00Z`) + DAY_MS
  const settings = { checkGlueMs: 900_000, errorWaitMs: 3 * DAY_MS, recordRetryMs: 120_000 }
  return { name, expected, order: { catalogs, facts: parsed.facts, endMs, durationMs: 0, settings } }
}

/** A row with what is expected of it and nothing else, in the same words. */
export function toExpectedWords(row: CycleRow, expected: ExpectedCycle): ExpectedCycle {
  const details = Object.keys(expected).filter((key) => key in row) as (keyof Detail)[]
  const told = Object.fromEntries(details.map((key) => [key, key === 'reason' ? toReason(row, expected) : row[key]]))
  return {
    ...told,
    ...{ cycle: `${row.product}/${row.cycle}`, state: row.state, startedAt: row.startedAt },
    ...(expected.inputs && { inputs: expected.inputs }),
    ...(expected.dependencies && { dependencies: toDependencyWords(row, expected.dependencies) }),
  }
}

/** The expectation may leave out the end of a sentence. */
const toReason = ({ reason }: CycleRow, expected: ExpectedCycle): string | null =>
  expected.reason && reason?.startsWith(expected.reason) ? expected.reason : reason

const toDependencyWords = ({ dependencies }: CycleRow, expected: string[]): string[] =>
  dependencies.map(({ product, cycles, state }, at) => {
    const [, keys = ''] = expected[at]?.split(' ') ?? []
    const all = cycles.length === 0 ? 'none' : cycles.join(',')
    return `${product} ${keys.endsWith('…') && all.startsWith(keys.slice(0, -1)) ? keys : all} ${state}`
  })

export const toOutcomeWords = ({ outcomes }: EventRow): string[] =>
  outcomes.map(({ consumer, cycle, outcome }) => `${consumer}/${cycle} ${outcome}`)
