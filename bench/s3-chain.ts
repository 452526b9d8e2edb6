// S3. Products in a row, jobs that take no time: from the first event receivable to the last product's event, per hop.
import { eventOf } from './feed.ts'
import { type FloorWorker, withFloorWorker } from './floor/floors.ts'
import { keysUntil, spread } from './keys.ts'
import { ours, raw, type Shape } from './mesh-folder.ts'
import { quantile } from './quantiles.ts'
import type { Finding } from './result.ts'
import { measureBlock } from './s1-arrival-to-start.ts'
import { type Measured, type RunOptions, type Stage, withStage } from './stage.ts'

const LENGTHS = [1, 10, 50]
const S1_RATE = 2

export async function measureChain(options: RunOptions): Promise<Measured> {
  const lengths = options.isQuick ? LENGTHS.slice(0, 2) : LENGTHS
  const keys = keysUntil(Date.now(), options.n ?? (options.isQuick ? 3 : 15))
  const singles = spread('p', options.isQuick ? 20 : 100, Date.now())
  const names = [...new Set(singles.map(({ name }) => name))]
  const shape: Shape = {
    ...Object.fromEntries(names.map((name) => [name, [raw(`first-${name}`), raw(`last-${name}`)]])),
    ...Object.fromEntries(lengths.flatMap(chainOf)),
  }
  const measure = async (stage: Stage, floorWorker: FloorWorker): Promise<Finding> => {
    await floorWorker.measureHops(WARM_UP)
    const perHop = new Map<number, number[]>(lengths.map((length) => [length, []]))
    const bareHops: number[] = []
    const arrivalToStart = await measureBlock(stage, singles, S1_RATE)
    for (const key of keys) {
      for (const length of lengths) perHop.get(length)?.push((await measureOne(stage, length, key)) / length)
      bareHops.push(...(await floorWorker.measureHops(BARE_HOPS)))
      options.say(
        `S3: ${key} done, p50 per hop ${lengths.map((l) => quantile(perHop.get(l) ?? [], 0.5)).join(' / ')} ms`,
      )
    }
    const longest = lengths.at(-1) ?? 1
    const p50 = quantile(perHop.get(longest) ?? [], 0.5)
    return {
      ...{ scenario: 'S3', title: 'chain of instant jobs, per hop' },
      series: [
        ...[...perHop].map(([length, samples]) => ({ name: `per hop of ${length}`, unit: 'ms' as const, samples })),
        { name: `S1 of the same run, ${S1_RATE}/s`, unit: 'ms', samples: arrivalToStart },
        { name: 'floor: signal-with-start → third activity in a row', unit: 'ms', samples: bareHops },
      ],
      figures: [
        { name: `p50 per hop of ${longest} / p50 of the floor`, value: p50 / quantile(bareHops, 0.5), unit: '×' },
      ],
      goals: [
        {
          what: `p50 per hop of ${longest} / p50 of S1`,
          ...{ found: p50 / quantile(arrivalToStart, 0.5), limit: 2, kind: 'at most' },
        },
      ],
      notes: [
        'A hop is all of a cycle: opened by the event, Glue run started, its end learnt, its own event put on the bus. That is ' +
          'three activities one after the other and the opening of a workflow, against one activity in S1.',
      ],
    }
  }
  return withStage(options, { shape }, (stage) => withFloorWorker(stage, (worker) => measure(stage, worker)))
}

const WARM_UP = 10
const BARE_HOPS = 10

const linkOf = (length: number, at: number): string => `chain${length}-${at}`

const chainOf = (length: number): [string, string[]][] =>
  Array.from({ length }, (_, at) => [
    linkOf(length, at + 1),
    [at === 0 ? raw(`chain${length}`) : ours(linkOf(length, at))],
  ])

async function measureOne({ feed, witness }: Stage, length: number, key: string): Promise<number> {
  const first = `${raw(`chain${length}`)}/${key}`
  const last = eventOf(`${ours(linkOf(length, length))}/${key}`)
  await feed.put([first])
  await witness.until(
    () => witness.publishedAtMs.has(last),
    () => `the last product of ${length} published ${last}`,
  )
  return (witness.publishedAtMs.get(last) ?? Number.NaN) - (witness.receivableAtMs.get(eventOf(first)) ?? Number.NaN)
}
