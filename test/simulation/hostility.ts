// What may go wrong at an edge, by dice. In: a call of a bridge or a worker. Out: done, refused before it was done, done
// with the answer lost, late; or the caller dies before or after it. Never: anything hostile once the world has healed.
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
  call<T>(life: Life, service: string, what: string, trouble: EdgeTrouble, work: () => T | Promise<T>): Promise<T>
  chance(probability: number): boolean
}

const never = <T>(): Promise<T> => new Promise<T>(() => {})

export function createHostility(time: VirtualTime, random: Random): Hostility {
  // Some worlds are calm and some are not: what a quiet one does late, a wild one never lets happen.
  const level = random.pick([0.3, 1, 1, 2])
  const odds = { refuse: 0.04 * level, lose: 0.04 * level, die: 0.006 * level, slow: 0.1 * level }
  const hostility: Hostility = {
    isHealed: false,
    random,
    awayUntilMs: new Map(),
    chance: (probability) => !hostility.isHealed && random.chance(probability * level),
    async call(life, service, what, trouble, work) {
      if (!life.isAlive) return never()
      await time.pause(delay(), '')
      if (!life.isAlive) return never()
      const away = (hostility.awayUntilMs.get(service) ?? 0) > time.nowMs() && !hostility.isHealed
      if (away || strikes(odds.refuse)) return reject(`${life.name}: ${what} refused`, trouble.refuse())
      if (strikes(odds.die)) return dieAt(life, `${life.name} dies before ${what}`)
      const result = await work()
      time.note(`${life.name}: ${what}`)
      if (strikes(odds.die)) return dieAt(life, `${life.name} dies after ${what}`)
      await time.pause(delay(), '')
      if (!life.isAlive) return never()
      if (strikes(odds.lose)) return reject(`${life.name}: answer of ${what} lost`, trouble.lose())
      return result
    },
  }
  const strikes = (probability: number): boolean => !hostility.isHealed && random.chance(probability)
  const delay = (): number => (strikes(odds.slow) ? random.between(100, 20_000) : random.between(1, 40))
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
