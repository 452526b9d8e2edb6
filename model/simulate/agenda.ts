// What is still to happen, by virtual time. In: items for an instant. Out: all items of the next instant, in the order in
// which they were put. Never: an item put for an instant that is over.

export interface Agenda<Item> {
  put(atMs: number, item: Item): void
  /** The next instant with anything to do; Infinity = none. */
  nextMs(): number
  /** Takes all that is put for the next instant. */
  take(): Item[]
}

/** A heap of instants, each with its items: many items share few instants. */
export function createAgenda<Item>(): Agenda<Item> {
  const heap: number[] = []
  const items = new Map<number, Item[]>()
  return {
    put(atMs, item) {
      const known = items.get(atMs)
      if (known) known.push(item)
      else {
        items.set(atMs, [item])
        push(heap, atMs)
      }
    },
    nextMs: () => heap[0] ?? Infinity,
    take() {
      const atMs = pop(heap)
      const taken = items.get(atMs) ?? []
      items.delete(atMs)
      return taken
    },
  }
}

function push(heap: number[], atMs: number): void {
  let at = heap.push(atMs) - 1
  while (at > 0) {
    const above = (at - 1) >> 1
    if (valueAt(heap, above) <= atMs) break
    heap[at] = valueAt(heap, above)
    at = above
  }
  heap[at] = atMs
}

function pop(heap: number[]): number {
  const first = valueAt(heap, 0)
  const last = heap.pop() ?? Infinity
  if (heap.length === 0) return first
  let at = 0
  for (;;) {
    const left = 2 * at + 1
    const child = valueAt(heap, left + 1) < valueAt(heap, left) ? left + 1 : left
    if (valueAt(heap, child) >= last) break
    heap[at] = valueAt(heap, child)
    at = child
  }
  heap[at] = last
  return first
}

const valueAt = (heap: number[], at: number): number => heap[at] ?? Infinity
