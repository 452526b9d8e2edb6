// One small mesh and one set of events, which come in as many orders as there are seeds. In: a seed, how corrections are
// taken. Out: the plan of its world; how each cycle ended there, what its runs read, and what they must have read.
// Never: a rule by which the time of an arrival decides (cutoff, optional inputs, one of several): there an order matters.
import type { ProductDefinition } from '../../model/definition.ts'
import { type CycleId, type CycleKey, type Domain, parseCycleId, type ProductId, toCycleId } from '../../model/ids.ts'
import { definitionOf, toKey, toProduct } from '../../model/samples.test-data.ts'
import { toFirstVersion, toMesh } from './mesh.ts'
import { createRandom, type Random } from './random.ts'
import type { Plan, World } from './world.ts'

/** `after`: newer revisions may come after the cycles have run, which then run again. */
export type Corrections = 'before' | 'after'

const HOUR_MS = 3_600_000
const START_MS = Date.parse('2026-11-17T20:00:00Z')
/** Corrections that come within it are one rerun. */
const SETTLED_MS = 300_000
/** When the last of what may come has been sent; the world heals eight hours later. */
const LAST_MS = Date.parse('2026-11-20T12:00:00Z')

/** Of the last date nothing comes. */
export const KEYS = ['2026-11-18', '2026-11-19', '2026-11-20'].map(toKey)
const TOLD = KEYS.slice(0, 2)
/** How far each product of the outside gets. */
const REVISIONS: Record<string, number> = { 'raw/a': 3, 'raw/b': 2, 'raw/c': 1 }

/** Acts that change by rule how a cycle ends or how often it runs. */
const WITHOUT = new Set([
  'a Glue run fails',
  'a job that is not there',
  'an entry that the bus policy forbids',
  'a cycle cancelled',
  'a cycle cancelled at work',
  'a definition changed',
  'an operator acts',
  'a product held',
])

export function toPlan(seed: number, corrections: Corrections): Plan {
  // Its own dice: the seed's are the troubles'.
  const random = createRandom(seed * 7_919)
  const raw = Object.keys(REVISIONS) as ProductId[]
  const definitions = definitionsOf(corrections).map(toFirstVersion)
  return {
    mesh: toMesh({ domains: ['d1', 'd2'] as Domain[], raw, keys: KEYS }, definitions),
    without: WITHOUT,
    publish(world) {
      for (const key of TOLD) for (const product of raw) publish(world, random, { product, key, corrections })
    },
  }
}

/** A chain, a diamond over both domains, a private product, one that looks back on itself, a job that two share. */
function definitionsOf(corrections: Corrections): ProductDefinition[] {
  const onRevision = corrections === 'after' ? 'rerun' : 'flag'
  const of = (product: string, upstreams: string[], change: Partial<ProductDefinition> = {}): ProductDefinition =>
    definitionOf(product, [], {
      ...{ timezone: 'UTC', dependsOn: upstreams.map((upstream) => ({ product: toProduct(upstream), onRevision })) },
      publish: { location: `s3://example/${product}/` },
      run: {
        glue: `job-${product.replace('/', '-')}`,
        arguments: {},
        timeoutMinutes: 60,
        attempts: 3,
        retryAfterMs: 1_000,
      },
      ...change,
    })
  // Whatever comes before it is one set of inputs: what the order of revisions would decide, this hour does not let it.
  const gate: Partial<ProductDefinition> =
    corrections === 'before' ? { notBefore: { time: '09:00', days: 1, unit: 'day' } } : {}
  const shared = { ...definitionOf('d1/x').run, glue: 'shared' }
  return [
    of('d1/first', ['raw/a', 'raw/b'], gate),
    of('d1/private', ['d1/first'], { visibility: 'domain', run: shared }),
    of('d2/left', ['d1/first', 'raw/b']),
    of('d2/bottom', ['d1/first', 'd2/left']),
    of('d1/end', ['d1/private', 'd2/left', 'd2/bottom'], { run: shared }),
    {
      ...of('d1/chain', ['raw/c']),
      dependsOn: [
        { product: toProduct('raw/c'), onRevision },
        { product: toProduct('d1/chain'), match: { kind: 'self-previous' } },
      ],
    },
  ]
}

interface Publication {
  product: ProductId
  key: CycleKey
  corrections: Corrections
}

/** Each revision at least once, at any time; again, perhaps days after the cycle has closed. */
function publish({ bus, time }: World, random: Random, { product, key, corrections }: Publication): void {
  const last = REVISIONS[product] ?? 1
  const dueMs = Date.parse(`${key}T00:00:00Z`)
  const burstMs = random.between(START_MS + HOUR_MS / 2, dueMs + 13 * HOUR_MS)
  for (let revision = 1; revision <= last; revision += 1) {
    const mustBeInTime = corrections === 'before' && revision === last
    const untilMs = mustBeInTime ? dueMs + 14 * HOUR_MS : LAST_MS
    // Some come together, so that they meet one cycle at work, or one that is about to run again.
    const firstMs = random.chance(0.6)
      ? burstMs + random.between(0, SETTLED_MS)
      : random.between(START_MS + HOUR_MS / 2, untilMs)
    const again = Array.from({ length: random.between(0, 2) }, () => random.between(firstMs, LAST_MS))
    for (const atMs of [firstMs, ...again]) time.after(atMs - START_MS, '', () => bus.publish(product, key, revision))
  }
}

export interface End {
  state: string
  revision: number
  /** What each of its runs read, as `raw/a/2026-11-18 r2`, the first run first. */
  read: string[][]
}

/** Of the cycles of these dates, by id. */
export function toEnds({ tables, glues }: World): Record<string, End> {
  const runs = [...glues.values()].flatMap((glue) => glue.runs)
  const rows = [...tables.status.values()].filter(({ cycle }) =>
    KEYS.includes(parseCycleId(String(cycle))?.key as CycleKey),
  )
  const ends = rows.map(({ cycle, state, revision }): [string, End] => {
    const own = runs.filter((run) => run.arguments['--sluice_workflow_id'] === cycle)
    const read = own.map((run) => readBy(run.arguments))
    return [String(cycle), { state: String(state), revision: Number(revision), read }]
  })
  return Object.fromEntries(ends.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

interface Input {
  product: string
  cycle: string
  revision: number
}

const readBy = (given: Record<string, string>): string[] =>
  (JSON.parse(given['--sluice_inputs'] ?? '[]') as Input[])
    .map(({ product, cycle, revision }) => `${product}/${cycle} r${revision}`)
    .toSorted()

/** Each input in the revision that its publisher came to in the end: what the last run of each cycle must have read. */
export function toLastInputs(ends: Record<string, End>): Record<string, string[]> {
  const revisionOf = (cycle: CycleId): number =>
    ends[cycle]?.revision ?? REVISIONS[parseCycleId(cycle)?.product ?? ''] ?? 0
  const of = (product: string, key: CycleKey): string[] =>
    (UPSTREAMS[product] ?? [])
      .map((upstream) => toCycleId(toProduct(upstream), upstream === product ? toKey(previousOf(key)) : key))
      .filter((cycle) => !cycle.endsWith('/'))
      .map((cycle) => `${cycle} r${revisionOf(cycle)}`)
      .toSorted()
  return Object.fromEntries(
    TOLD.flatMap((key) => Object.keys(UPSTREAMS).map((product) => [`${product}/${key}`, of(product, key)])),
  )
}

/** The first of these dates is the first of the mesh, so that it looks back on nothing. */
const previousOf = (key: CycleKey): string => KEYS[KEYS.indexOf(key) - 1] ?? ''

const UPSTREAMS: Record<string, string[]> = {
  'd1/first': ['raw/a', 'raw/b'],
  'd1/private': ['d1/first'],
  'd2/left': ['d1/first', 'raw/b'],
  'd2/bottom': ['d1/first', 'd2/left'],
  'd1/end': ['d1/private', 'd2/left', 'd2/bottom'],
  'd1/chain': ['raw/c', 'd1/chain'],
}
