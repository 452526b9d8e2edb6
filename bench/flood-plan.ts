// What a flood is made of: of the events 1 % concern a cycle, 5 % come twice, some are marked.
// In: how many, and chance. Out: the events in order, and the mesh that they concern.
import { keysUntil, spread } from './keys.ts'
import { ours, raw, type Shape } from './mesh-folder.ts'
import { shuffled } from './seeded.ts'

export const NOISE = Array.from({ length: 50 }, (_, at) => `noise${at + 1}`)
const MOST_MARKED = 100

export interface FloodPlan {
  shape: Shape
  /** Products with one upstream: their cycle starts by this one event. */
  marked: { cycle: string; event: string }[]
  /** All events of the flood, in order. */
  offered: string[]
}

const one = <T>(list: readonly T[], chance: () => number): T | undefined => list[Math.floor(chance() * list.length)]

/** Events that concern no product of the domain. */
export function toNoise(count: number, chance: () => number): string[] {
  const keys = keysUntil(Date.now(), 5)
  return Array.from({ length: count }, () => `${raw(one(NOISE, chance) ?? '')}/${one(keys, chance)}`)
}

export function planFlood(name: string, n: number, chance: () => number): FloodPlan {
  const relevant = Math.max(Math.ceil(n / 100), 2)
  const starting = spread(`${name}m`, Math.min(MOST_MARKED, Math.ceil(relevant / 2)), Date.now())
  const waiting = spread(`${name}w`, relevant - starting.length, Date.now())
  const marked = starting.map(({ name, key }) => ({
    cycle: `${ours(name)}/${key}`,
    event: `${raw(`only-${name}`)}/${key}`,
  }))
  const firsts = waiting.map(({ name, key }) => `${raw(`first-${name}`)}/${key}`)
  const once = [...marked.map(({ event }) => event), ...firsts, ...toNoise(n - relevant, chance)]
  const twice = shuffled(once, chance).slice(0, Math.ceil(once.length / 20))
  const shape: Shape = Object.fromEntries([
    ...starting.map(({ name }): [string, string[]] => [name, [raw(`only-${name}`)]]),
    ...waiting.map(({ name }): [string, string[]] => [name, [raw(`first-${name}`), raw(`last-${name}`)]]),
  ])
  return { shape, marked, offered: shuffled([...once, ...twice], chance) }
}
