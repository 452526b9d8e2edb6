// The least that Temporal can be asked for: a signal, then one activity, or three in a row. Nothing of the product is in it.
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

/** The instant at which its third activity began: start a job, ask for its end, publish. */
export async function bareHop(): Promise<number> {
  setHandler(defineSignal('go'), () => undefined)
  await beginAtMs()
  await beginAtMs()
  return beginAtMs()
}
