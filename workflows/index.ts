// All workflows of the bundle.
export { dataProductCycle } from './data-product-cycle.ts'
export { openDueCycles } from './scheduler.ts'
