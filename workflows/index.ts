// All workflows of the bundle.
export { backfill } from './backfill.ts'
export { dataProductCycle } from './data-product-cycle.ts'
export { openDueCycles } from './scheduler.ts'
