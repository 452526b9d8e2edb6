// The least that Temporal can be asked for: a signal, then one activity. Nothing of the product is in it.
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow'
import type { FloorActivities } from './contract.ts'

const { beginAtMs } = proxyActivities<FloorActivities>({ startToCloseTimeout: '60 seconds' })

/** The instant at which its activity began. */
export async function bareCycle(): Promise<number> {
  let isTold = false
  setHandler(defineSignal('go'), () => {
    isTold = true
  })
  await condition(() => isTold)
  return beginAtMs()
}
