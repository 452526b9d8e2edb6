// The products that a simulation knows of: those of the definitions, externals, and whatever these wait for.
// In: the catalogs. Out: each by name, and whether it has a cycle of a key.

import { toCadence } from '../calendar/cadence.ts'
import { type Calendars, toCalendars } from '../calendar/calendars.ts'
import { type ProductSchedule, placeCycle } from '../calendar/cycles.ts'
import { upstreamsIn } from '../dependencies.ts'
import type { DomainCatalog } from '../calendar/routing.ts'
import { type CycleKey, type ProductId, periodOf } from '../ids.ts'

export interface KnownProduct {
  /** It has a definition, so its cycles are simulated. */
  isOwn: boolean
  /** Null when there is such a cycle, or its schedule is not known. */
  whyNoCycle(key: CycleKey): string | null
  /** Null when its cycles are named by such keys, or its schedule is not known. */
  whyWrongKind(key: CycleKey): string | null
}

export interface KnownProducts {
  names: string[]
  find(product: ProductId): KnownProduct | undefined
}

export function toKnownProducts(catalogs: DomainCatalog[]): KnownProducts {
  const known = new Map<string, KnownProduct>()
  for (const catalog of catalogs) {
    const calendars = toCalendars(catalog.calendars)
    const edges = upstreamsIn(catalog.products.flatMap(({ definition }) => definition.dependsOn))
    // What has a definition comes last: that counts.
    for (const { product } of edges) {
      if (!known.has(product)) known.set(product, toKnown(calendars, catalog.schedules[product], false))
    }
    for (const external of catalog.externals) known.set(external.product, toKnown(calendars, external, false))
  }
  for (const { products, calendars } of catalogs) {
    for (const { definition } of products)
      known.set(definition.product, toKnown(toCalendars(calendars), definition, true))
  }
  return { names: [...known.keys()], find: (product) => known.get(product) }
}

const toKnown = (calendars: Calendars, schedule: ProductSchedule | undefined, isOwn: boolean): KnownProduct => ({
  isOwn,
  whyNoCycle(key) {
    const placed = schedule && placeCycle(calendars, schedule, key)
    return placed?.kind === 'none' ? placed.reason : null
  },
  whyWrongKind(key) {
    const period = schedule && toCadence(schedule.every).period
    return period === undefined || periodOf(key) === period ? null : `its cycles are named by ${period}`
  },
})
