// Which message comes back when. In: times, in any order. Out: what is due, earliest first.
// Never: searches all of them; a queue may have 120,000 messages in flight.

export interface DueTimes<Item> {
  add(atMs: number, item: Item): void
  /** The earliest, left in its place; of equal times the one that was added first. */
  first(): { atMs: number; item: Item } | undefined
  removeFirst(): void
  clear(): void
}

/** A binary heap in an array: the children of place n are at 2n + 1 and 2n + 2, and never earlier. */
export function createDueTimes<Item>(): DueTimes<Item> {
  let heap: { atMs: number; order: number; item: Item }[] = []
  let added = 0
  function isEarlier(place: number, other: number): boolean {
    const [one, two] = [heap[place], heap[other]]
    if (one === undefined || two === undefined) return one !== undefined
    return one.atMs < two.atMs || (one.atMs === two.atMs && one.order < two.order)
  }
  const swap = (one: number, other: number) => {
    const [first, second] = [heap[one], heap[other]]
    if (first && second) [heap[one], heap[other]] = [second, first]
  }
  function rise(from: number): void {
    for (let place = from; place > 0; ) {
      const parent = (place - 1) >> 1
      if (!isEarlier(place, parent)) return
      swap(parent, place)
      place = parent
    }
  }
  function sink(): void {
    for (let place = 0; ; ) {
      const left = 2 * place + 1
      const child = isEarlier(left + 1, left) ? left + 1 : left
      if (!isEarlier(child, place)) return
      swap(place, child)
      place = child
    }
  }
  return {
    add(atMs, item) {
      added += 1
      heap.push({ atMs, order: added, item })
      rise(heap.length - 1)
    },
    first: () => heap[0],
    removeFirst() {
      const last = heap.pop()
      if (last === undefined || heap.length === 0) return
      heap[0] = last
      sink()
    },
    clear() {
      heap = []
    },
  }
}
