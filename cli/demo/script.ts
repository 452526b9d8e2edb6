// What the demo does, and when. In: its five dates. Out: acts with their second, faults. Pure: the test reads it too.
import type { CycleKey, ProductId } from '../../model/ids.ts'

export interface Act {
  atMs: number
  kind: 'open'
  product: ProductId
  key: CycleKey
}

export interface DemoFault {
  service: 'glue'
  operation: string
  where: Record<string, string>
  action: object
}

export interface DemoScript {
  acts: Act[]
  faults: DemoFault[]
  /** Each refresh event of a raw product of this date is sent again, twice. */
  repeatedKey: CycleKey
  /** What to look at on each date, in words. */
  notes: Record<string, string>
}

const RAW = ['raw/rd1', 'raw/rd2', 'raw/rd3']
const DOWNSTREAM = ['d1/ds1', 'd1/ds2', 'd1/ds3', 'd1/ds4', 'd2/ds1']
/** T1, T2, T3: when the raw products refresh, counted from their date's turn. */
const RAW_AT_MS = [1_000, 3_000, 5_000]
/** T4: how much later d2/ds1 is heard to have ended, so that d1/ds4 waits for the other domain last. */
const T4_DELAY_MS = 2_000
const TURN_MS = 3_000
/** Products, in the order of the table. */
export const DEMO_PRODUCTS = [...RAW, ...DOWNSTREAM] as ProductId[]

/** `keys`: five dates, oldest first. */
export function toScript(keys: string[]): DemoScript {
  const [first = '', mixed = '', failing = '', lost = '', last = ''] = keys
  return {
    acts: keys.flatMap((key, turn) => actsOf(key, turn * TURN_MS, key === mixed)).sort((a, b) => a.atMs - b.atMs),
    faults: [
      toFailure(`d1/ds2/${failing}`),
      { ...toStateChange(`d1/ds3/${lost}`), action: { kind: 'drop-event' } },
      ...keys.map((key) => ({ ...toStateChange(`d2/ds1/${key}`), action: { kind: 'delay', ms: T4_DELAY_MS } })),
    ],
    repeatedKey: mixed as CycleKey,
    notes: {
      [first]: 'everything in order',
      [mixed]: 'nothing opened beforehand; raw events in reverse order, each sent three times',
      [failing]: 'the first Glue run of d1/ds2 fails and is retried by its definition',
      [lost]: 'the Glue event of d1/ds3 is lost; the check after 5 s finds the end',
      [last]: 'everything in order',
    },
  }
}

/** Consumers are opened first, as the scheduler does; on the mixed date by the first arrival. */
function actsOf(key: string, turnMs: number, isMixed: boolean): Act[] {
  const raw = isMixed ? RAW.toReversed() : RAW
  const toAct = (product: string, atMs: number): Act => ({
    ...{ atMs, kind: 'open', product: product as ProductId, key: key as CycleKey },
  })
  return [
    ...(isMixed ? [] : DOWNSTREAM.map((product) => toAct(product, turnMs))),
    ...raw.map((product, at) => toAct(product, turnMs + (RAW_AT_MS[at] ?? 0))),
  ]
}

const toFailure = (cycle: string): DemoFault => ({
  service: 'glue',
  operation: 'StartJobRun',
  where: { 'Arguments.--sluice_workflow_id': cycle },
  action: {
    kind: 'run-timeline',
    states: [
      { state: 'RUNNING', afterMs: 300 },
      { state: 'FAILED', afterMs: 900, message: 'No space left on device (the demo made this run fail)' },
    ],
  },
})

const toStateChange = (cycle: string) => ({
  service: 'glue' as const,
  operation: 'StateChangeEvent',
  where: { workflowId: cycle },
})
