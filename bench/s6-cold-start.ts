// S6. Everything but AWS is killed while cycles wait; events come meanwhile and go on coming; everything is started again.
// How long until the first and until all of the waiting ones have started their cycles, and until events are as fast as
// before; none lost, none twice.
import { atRate, eventOf } from './feed.ts'
import { spread } from './keys.ts'
import { DOMAIN, raw, type Shape } from './mesh-folder.ts'
import { quantile } from './quantiles.ts'
import type { Finding } from './result.ts'
import { startOf } from './s1-arrival-to-start.ts'
import { openMore, toCycles, type WaitingCycle } from './s4-many-waiting.ts'
import { createChance, shuffled } from './seeded.ts'
import { type Measured, type RunOptions, type Stage, withStage } from './stage.ts'

/** Events before the kill, while everything is down, and after the restart; of few cycles, a third each. */
const MOST = { before: 100, meanwhile: 100, after: 300 }
const EVENTS_PER_SECOND = 5

export async function measureColdStart(options: RunOptions): Promise<Measured> {
  const n = options.n ?? (options.isQuick ? 60 : 10_000)
  const cycles = toCycles(n)
  const names = [...new Set(spread('p', n, Date.now()).map(({ name }) => name))]
  const shape: Shape = Object.fromEntries(names.map((name) => [name, [raw(`first-${name}`), raw(`last-${name}`)]]))
  return withStage(options, { shape }, async (stage) => {
    const waiting: WaitingCycle[] = []
    await openMore(stage, waiting, cycles, n)
    const left = shuffled(waiting, createChance(options.seed))
    const take = (most: number): WaitingCycle[] => left.splice(0, Math.min(most, Math.floor(n / 3)))
    const before = take(MOST.before)
    await feedLast(stage, before)
    await untilStarted(stage, before)
    options.say(`S6: ${n} cycles wait, but for ${before.length}; killing everything`)
    const meanwhile = take(MOST.meanwhile)
    await killAll(stage)
    await stage.feed.put(meanwhile.map(({ last }) => last))
    const restartedAtMs = Date.now()
    const after = take(MOST.after)
    const [servingMs] = await Promise.all([startAll(stage, restartedAtMs), feedLast(stage, after)])
    options.say(`S6: all processes were ready again after ${servingMs} ms`)
    await untilStarted(stage, [...meanwhile, ...after])
    return toFinding(stage, { n, restartedAtMs, servingMs, before, meanwhile, after })
  })
}

const feedLast = ({ feed }: Stage, cycles: WaitingCycle[]): Promise<void> =>
  atRate(cycles, EVENTS_PER_SECOND, ({ last }) => feed.put([last]))

async function killAll({ stack, ground }: Stage): Promise<void> {
  await Promise.all([...stack.roles.values()].map((role) => role.kill()))
  await ground.kill()
}

/** At once, as after a power cut: roles wait for their servers. Answers after how many ms all were ready. */
async function startAll({ stack, ground }: Stage, restartedAtMs: number): Promise<number> {
  await Promise.all([ground.startAgain(), stack.startRole('worker', DOMAIN), stack.startRole('bridge', DOMAIN)])
  return Date.now() - restartedAtMs
}

/** And published, so that a second start would be seen. */
const untilStarted = ({ witness }: Stage, cycles: WaitingCycle[]): Promise<void> =>
  witness.until(
    () => cycles.every(({ cycle }) => witness.starts.has(cycle) && witness.publishedAtMs.has(eventOf(cycle))),
    () => `of ${cycles.length} cycles ${cycles.filter(({ cycle }) => !witness.starts.has(cycle)).length} did not start`,
    1_800_000,
  )

interface Restart {
  n: number
  restartedAtMs: number
  servingMs: number
  before: WaitingCycle[]
  meanwhile: WaitingCycle[]
  after: WaitingCycle[]
}

function toFinding(stage: Stage, { n, restartedAtMs, servingMs, before, meanwhile, after }: Restart): Finding {
  const { witness } = stage
  const fed = [...before, ...meanwhile, ...after].map(({ cycle }) => cycle)
  const fedSet = new Set(fed)
  const lost = fed.filter((cycle) => !witness.starts.has(cycle)).length
  const double = [...witness.starts.values()].filter((starts) => starts.length > 1).length
  const invented = [...witness.starts.keys()].filter((cycle) => !fedSet.has(cycle))
  const receivable = ({ last }: WaitingCycle): number => witness.receivableAtMs.get(eventOf(last)) ?? Number.NaN
  const latency = (one: WaitingCycle): number => startOf(stage, one.cycle) - receivable(one)
  const seconds = meanwhile.map(({ cycle }) => (startOf(stage, cycle) - restartedAtMs) / 1_000)
  const usual = quantile(before.map(latency), 0.99)
  const lastSlow = after.findLast((one) => latency(one) >= 2 * usual)
  const settledMs = lastSlow ? receivable(lastSlow) - restartedAtMs : 0
  const isSettled = after.at(-1) !== lastSlow
  return {
    ...{ scenario: 'S6', title: `cold start of everything with ${n} waiting` },
    series: [
      { name: 'restart → start, each event that waited', unit: 's', samples: seconds },
      { name: 'event → start before the kill', unit: 'ms', samples: before.map(latency) },
      { name: 'event → start from the restart on', unit: 'ms', samples: after.map(latency) },
    ],
    figures: [
      { name: 'waiting cycles', value: n, unit: 'cycles' },
      { name: 'restart → all processes ready', value: servingMs / 1_000, unit: 's' },
      { name: 'restart → first start', value: Math.min(...seconds), unit: 's' },
      { name: 'restart → all that waited started', value: Math.max(...seconds), unit: 's' },
      {
        name: `restart → every later event within twice the p99 of before${isSettled ? '' : ': NOT REACHED within'}`,
        value: settledMs / 1_000,
        unit: 's',
      },
    ],
    goals: [
      { what: 'events lost', found: lost, limit: 0, kind: 'at most' },
      { what: 'cycles started twice', found: double, limit: 0, kind: 'at most' },
      { what: 'cycles started without their event', found: invented.length, limit: 0, kind: 'at most' },
    ],
    notes: [
      ...(invented.length > 0 ? [`Started without their event: ${invented.slice(0, 10).join(', ')}.`] : []),
      'Killed with SIGKILL: worker, bridge, Temporal, PostgreSQL. All are started at the same moment.',
      `${meanwhile.length} events came while all was down; from the restart on ${EVENTS_PER_SECOND} more a second, ${after.length} in all.`,
    ],
  }
}
