// Chance that can be repeated. In: a seed. Out: numbers in [0, 1), and orders drawn from them.

export type Chance = () => number

/** A 32-bit mixing generator (Weyl sequence and two multiplications): good enough to shuffle, never for secrets. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
}

/** A new list in an order drawn from `chance`. */
export function shuffled<T>(items: readonly T[], chance: Chance): T[] {
  return items
    .map((item) => ({ item, draw: chance() }))
    .toSorted((a, b) => a.draw - b.draw)
    .map(({ item }) => item)
}
