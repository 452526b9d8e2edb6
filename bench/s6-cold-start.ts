// S6. Everything but AWS is killed while cycles wait; events come meanwhile; everything is started again.
// How long until the first and until all of them have started their cycles; none lost, none twice.
import { eventOf } from './feed.ts'
import { spread } from './keys.ts'
import { DOMAIN, ours, raw, type Shape } from './mesh-folder.ts'
import type { Finding } from './result.ts'
import { untilWaiting } from './s1-arrival-to-start.ts'
import { createChance, shuffled } from './seeded.ts'
import { type Measured, type RunOptions, type Stage, withStage } from './stage.ts'

const MOST_EVENTS = 100
const PORTION = 200

export async function measureColdStart(options: RunOptions): Promise<Measured> {
  const n = options.n ?? (options.isQuick ? 60 : 10_000)
  const cycles = spread('p', n, Date.now()).map(({ name, key }) => ({
    cycle: `${ours(name)}/${key}`,
    first: `${raw(`first-${name}`)}/${key}`,
    last: `${raw(`last-${name}`)}/${key}`,
  }))
  const names = new Set(spread('p', n, Date.now()).map(({ name }) => name))
  const shape: Shape = Object.fromEntries([...names].map((name) => [name, [raw(`first-${name}`), raw(`last-${name}`)]]))
  return withStage(options, { shape }, async (stage) => {
    for (let at = 0; at < cycles.length; at += PORTION) {
      const some = cycles.slice(at, at + PORTION)
      await stage.feed.put(some.map(({ first }) => first))
      await untilWaiting(
        stage,
        some.map(({ cycle }) => cycle),
      )
    }
    options.say(`S6: ${n} cycles wait; killing everything`)
    const chosen = shuffled(cycles, createChance(options.seed)).slice(0, MOST_EVENTS)
    await killAll(stage)
    await stage.feed.put(chosen.map(({ last }) => last))
    const restartedAtMs = Date.now()
    await startAll(stage)
    const servingMs = Date.now() - restartedAtMs
    options.say(`S6: all processes are ready again after ${servingMs} ms`)
    await untilAllStarted(
      stage,
      chosen.map(({ cycle }) => cycle),
    )
    return toFinding(stage, { n, restartedAtMs, servingMs, chosen: chosen.map(({ cycle }) => cycle) })
  })
}

async function killAll({ stack, ground }: Stage): Promise<void> {
  await Promise.all([...stack.roles.values()].map((role) => role.kill()))
  await ground.kill()
}

/** At once, as after a power cut: roles wait for their servers. */
async function startAll({ stack, ground }: Stage): Promise<void> {
  await Promise.all([ground.startAgain(), stack.startRole('worker', DOMAIN), stack.startRole('bridge', DOMAIN)])
}

/** And published, so that a second start would be seen. */
const untilAllStarted = ({ witness }: Stage, cycles: string[]): Promise<void> =>
  witness.until(
    () => cycles.every((cycle) => witness.starts.has(cycle) && witness.publishedAtMs.has(eventOf(cycle))),
    () => `of ${cycles.length} cycles ${cycles.filter((cycle) => !witness.starts.has(cycle)).length} did not start`,
    1_800_000,
  )

interface Restart {
  n: number
  restartedAtMs: number
  servingMs: number
  chosen: string[]
}

function toFinding({ witness }: Stage, { n, restartedAtMs, servingMs, chosen }: Restart): Finding {
  const chosenSet = new Set(chosen)
  const lost = chosen.filter((cycle) => !witness.starts.has(cycle)).length
  const double = [...witness.starts.values()].filter((starts) => starts.length > 1).length
  const invented = [...witness.starts.keys()].filter((cycle) => !chosenSet.has(cycle)).length
  const seconds = chosen.map((cycle) => ((witness.starts.get(cycle)?.[0] ?? Number.NaN) - restartedAtMs) / 1_000)
  return {
    ...{ scenario: 'S6', title: `cold start of everything with ${n} waiting` },
    series: [{ name: 'restart → start, each event', unit: 's', samples: seconds }],
    figures: [
      { name: 'waiting cycles', value: n, unit: 'cycles' },
      { name: 'restart → all processes ready', value: servingMs / 1_000, unit: 's' },
      { name: 'restart → first start', value: Math.min(...seconds), unit: 's' },
      { name: 'restart → all started', value: Math.max(...seconds), unit: 's' },
    ],
    goals: [
      { what: 'events lost', found: lost, limit: 0, kind: 'at most' },
      { what: 'cycles started twice', found: double, limit: 0, kind: 'at most' },
      { what: 'cycles started without their event', found: invented, limit: 0, kind: 'at most' },
    ],
    notes: ['Killed with SIGKILL: worker, bridge, Temporal, PostgreSQL. All are started at the same moment.'],
  }
}
