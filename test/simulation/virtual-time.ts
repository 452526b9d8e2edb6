// The one clock of a simulated world. In: what is to happen, and when. Out: it happens, in the order of instants, each
// with all its promises settled before the next. Never: waits for real time; two things at once.
import type { Random } from './random.ts'

interface Due {
  atMs: number
  order: number
  what: string
  /** A turn: the next begins when it has ended. */
  run: () => void | Promise<void>
  isOff: boolean
}

export interface VirtualTime {
  nowMs(): number
  after(delayMs: number, what: string, run: () => void | Promise<void>): Due
  pause(delayMs: number, what: string): Promise<void>
  /** Until the instant, or until `isDone` says so; it is asked each virtual minute. */
  run(untilMs: number, isDone?: () => boolean): Promise<void>
  note(text: string): void
  readonly schedule: string[]
  readonly happened: number
}

/** The world whose code runs now: what replaces Node's timers looks here. */
let present: VirtualTime | undefined

export function presentTime(): VirtualTime {
  if (!present) throw new Error('No simulated world is running.')
  return present
}

/** Lets every promise that can go on go on. */
export const settle = (): Promise<void> => new Promise((resolve) => realImmediate(resolve))
const realImmediate = setImmediate

export function createVirtualTime(startMs: number, keepsSchedule: boolean): VirtualTime {
  let nowMs = startMs
  let order = 0
  let happened = 0
  const heap: Due[] = []
  const schedule: string[] = []
  const isBefore = (one: Due, other: Due): boolean =>
    one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
  const note = (text: string): void => {
    if (keepsSchedule) schedule.push(`${new Date(nowMs).toISOString()} ${text}`)
  }
  const time: VirtualTime = {
    nowMs: () => nowMs,
    after(delayMs, what, run) {
      order += 1
      const due = { atMs: nowMs + Math.max(0, Math.round(delayMs)), order, what, run, isOff: false }
      push(heap, due, isBefore)
      return due
    },
    pause: (delayMs, what) => new Promise((resolve) => time.after(delayMs, what, resolve)),
    async run(untilMs, isDone = () => false) {
      present = time
      let askAtMs = nowMs
      for (let due = heap[0]; due && due.atMs <= untilMs; due = heap[0]) {
        pop(heap, isBefore)
        if (due.isOff) continue
        nowMs = due.atMs
        happened += 1
        if (due.what) note(due.what)
        await due.run()
        await settle()
        if (nowMs < askAtMs) continue
        if (isDone()) return
        askAtMs = nowMs + 60_000
      }
      nowMs = Math.max(nowMs, untilMs)
    },
    note,
    schedule,
    get happened() {
      return happened
    },
  }
  return time
}

/** Runs `work` with the machine's clock, timers and dice replaced, and gives them back whatever happens. */
export async function inVirtualTime<T>(time: VirtualTime, random: Random, work: () => Promise<T>): Promise<T> {
  const real = { now: Date.now, dice: Math.random, set: globalThis.setTimeout, clear: globalThis.clearTimeout }
  const traced = Error.stackTraceLimit
  // Refusals are errors by the thousand; a stack costs more than all the rest of one.
  Error.stackTraceLimit = 0
  Date.now = time.nowMs
  Math.random = random.next
  const later = (run: () => void, delayMs = 0): Due => time.after(delayMs, '', run)
  globalThis.setTimeout = later as unknown as typeof setTimeout
  globalThis.clearTimeout = ((due?: Due) => due && Object.assign(due, { isOff: true })) as typeof clearTimeout
  try {
    return await work()
  } finally {
    Error.stackTraceLimit = traced
    Object.assign(Date, { now: real.now })
    Object.assign(Math, { random: real.dice })
    globalThis.setTimeout = real.set
    globalThis.clearTimeout = real.clear
    present = undefined
  }
}

function push(heap: Due[], due: Due, isBefore: (one: Due, other: Due) => boolean): void {
  heap.push(due)
  for (let at = heap.length - 1; at > 0; ) {
    const parent = (at - 1) >> 1
    if (!swapIf(heap, at, parent, isBefore)) return
    at = parent
  }
}

function pop(heap: Due[], isBefore: (one: Due, other: Due) => boolean): void {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  heap[0] = last
  for (let at = 0; ; ) {
    const [left, right] = [2 * at + 1, 2 * at + 2]
    const smaller = right < heap.length && isBefore(heap[right] as Due, heap[left] as Due) ? right : left
    if (smaller >= heap.length || !swapIf(heap, smaller, at, isBefore)) return
    at = smaller
  }
}

function swapIf(heap: Due[], low: number, high: number, isBefore: (one: Due, other: Due) => boolean): boolean {
  const [one, other] = [heap[low] as Due, heap[high] as Due]
  if (!isBefore(one, other)) return false
  heap[low] = other
  heap[high] = one
  return true
}
