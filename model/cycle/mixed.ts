// Inputs that were built from different revisions of the same refresh: a diamond of which one side is behind. In: inputs with
// what their events say of themselves. Out: what they have in common and do not agree on. Pure.
// Never: an answer about inputs of which nobody said what they were built from.
import type { CycleKey, ProductId } from '../ids.ts'
import type { Arrival, BuiltFrom } from '../refresh-event.ts'

export interface MixedInput {
  product: ProductId
  cycle: CycleKey
  /** In which input which revision of it is; oldest revision first. */
  revisions: { revision: number; by: ProductId }[]
}

/**
 * More than so many inputs are not compared, nor an input that was built from more: the whole is told with every flush, and a
 * history has its limits.
 */
const MOST_COMPARED = 20

/** Without what is too much to be compared. */
export function toCompared(arrival: Arrival, inputs: number): Arrival {
  const built = arrival.builtFrom?.length ?? 0
  if (built === 0 || (inputs <= MOST_COMPARED && built <= MOST_COMPARED)) return arrival
  const { builtFrom: _, ...rest } = arrival
  return rest
}

/** The refreshes that these arrivals hold in different revisions, be it as an input itself. */
export function mixedIn(arrivals: readonly Arrival[]): MixedInput[] {
  const held = arrivals.flatMap(({ product, key, revision, builtFrom = [] }) => {
    const own: BuiltFrom = { product, cycle: key, revision }
    return [own, ...builtFrom].map((one) => ({ ...one, by: product }))
  })
  const byRefresh = Map.groupBy(held, ({ product, cycle }) => `${product}/${cycle}`)
  return [...byRefresh.values()].flatMap((same) => {
    const [first] = same
    if (!first || same.every(({ revision }) => revision === first.revision)) return []
    const revisions = same
      .map(({ revision, by }) => ({ revision, by }))
      .sort((one, other) => one.revision - other.revision)
    return [{ product: first.product, cycle: first.cycle, revisions }]
  })
}

/** `raw/rd1/2026-11-20: revision 1 in d1/ds2, 2 in d1/ds1`. */
export const mixedWords = ({ product, cycle, revisions }: MixedInput): string =>
  `${product}/${cycle}: revision ${revisions.map(({ revision, by }) => `${revision} ${by === product ? 'itself' : `in ${by}`}`).join(', ')}`
