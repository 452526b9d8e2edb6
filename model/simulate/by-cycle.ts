// A map by product and cycle key. Never: an id put together for each question; there are millions of them.
import type { CycleKey, ProductId } from '../ids.ts'

export interface ByCycle<Item> {
  get(product: ProductId, key: CycleKey): Item | undefined
  set(product: ProductId, key: CycleKey, item: Item): void
  values(): Item[]
}

/** By key first: what happens at a time is about one key of many products, and lies together so. */
export function createByCycle<Item>(): ByCycle<Item> {
  const keys = new Map<CycleKey, Map<ProductId, Item>>()
  return {
    get: (product, key) => keys.get(key)?.get(product),
    set(product, key, item) {
      const products = keys.get(key)
      if (products) products.set(product, item)
      else keys.set(key, new Map([[product, item]]))
    },
    values: () => [...keys.values()].flatMap((products) => [...products.values()]),
  }
}
