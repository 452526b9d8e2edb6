// What may go wrong at an edge, by dice. In: a call of a bridge, a worker or a person. Out: done, refused before it was
// done, done with the answer lost, late; or the caller dies before or after it; each act counted under its name.
// Never: anything hostile once the world has healed.
import type { Random } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'

/** One process of a bridge or a worker; of a dead one no call ever answers, so that nothing after it happens. */
export interface Life {
  name: string
  isAlive: boolean
  die(): void
}

export interface EdgeTrouble {
  /** The service says no and did nothing. */
  refuse(): Error
  /** The service did it and its answer never came. */
  lose(): Error
}

export interface Hostility {
  isHealed: boolean
  random: Random
  /** Services that answer nothing until then. */
  awayUntilMs: Map<string, number>
  /** Of those, the ones that answer that the role may not. */
  forbidding: Set<string>
  /** How often each act was done: coverage.ts says how often it must have been. */
  acts: Map<string, number>
  call<T>(life: Life, service: string, what: string, trouble: EdgeTrouble, work: () => T | Promise<T>): Promise<T>
  count(act: string): void
  isAway(service: string): boolean
  /** Whether the act is done now. */
  strikes(act: string, probability: number): boolean
}

const SLOWEST_MS = 20_000
const never = <T>(): Promise<T> => new Promise<T>(() => {})

/** `without`: acts that are not done in this world. */
export function createHostility(
  time: VirtualTime,
  random: Random,
  without: ReadonlySet<string> = new Set(),
): Hostility {
  // Some worlds are calm and some are not: what a quiet one does late, a wild one never lets happen.
  const level = random.pick([0.3, 1, 1, 2])
  const acts = new Map<string, number>()
  const count = (act: string): void => void acts.set(act, (acts.get(act) ?? 0) + 1)
  const strikes = (act: string, probability: number): boolean => {
    const isDone = !hostility.isHealed && !without.has(act) && random.chance(probability * level)
    if (isDone) count(act)
    return isDone
  }
  const hostility: Hostility = {
    isHealed: false,
    random,
    awayUntilMs: new Map(),
    forbidding: new Set(),
    acts,
    count,
    strikes,
    isAway: (service) => !hostility.isHealed && (hostility.awayUntilMs.get(service) ?? 0) > time.nowMs(),
    async call(life, service, what, trouble, work) {
      if (!life.isAlive) return never()
      await time.pause(delay(), '')
      if (!life.isAlive) return never()
      if (meetsOutage(service) || strikes(`a call refused by ${service}`, 0.04))
        return reject(`${life.name}: ${what} refused`, trouble.refuse())
      if (strikes('a process killed before a call', 0.006)) return dieAt(life, `${life.name} dies before ${what}`)
      const result = await work()
      time.note(`${life.name}: ${what}`)
      if (strikes('a process killed after a call', 0.006)) return dieAt(life, `${life.name} dies after ${what}`)
      await time.pause(delay(), '')
      if (!life.isAlive) return never()
      if (strikes(`an answer of ${service} lost`, 0.04))
        return reject(`${life.name}: answer of ${what} lost`, trouble.lose())
      return result
    },
  }
  const meetsOutage = (service: string): boolean => {
    const isAway = hostility.isAway(service)
    if (isAway) count(`a call while ${service} ${hostility.forbidding.has(service) ? 'forbids it' : 'is away'}`)
    return isAway
  }
  const delay = (): number => (strikes('a slow call', 0.1) ? random.between(100, SLOWEST_MS) : random.between(1, 40))
  const reject = (text: string, error: Error): never => {
    time.note(text)
    throw error
  }
  const dieAt = <T>(life: Life, text: string): Promise<T> => {
    time.note(text)
    life.die()
    return never()
  }
  return hostility
}
