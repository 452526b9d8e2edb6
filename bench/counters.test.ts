// A server that tells no numbers is told apart from one that was asked for nothing.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { markCounts } from './counters.ts'

/** Five more statements each time it is asked. */
const countingDatabase = () => {
  let n = 0
  return {
    async one<Row>() {
      n += 5
      return { n } as Row
    },
  }
}

test('a server without metrics gives no count of calls, not a count of none', async () => {
  const since = await markCounts({ db: countingDatabase(), ground: { metricsUrl: undefined } })
  expect(await since()).toEqual({ sqlStatements: 5, temporalCalls: undefined })
})

test('calls are those since the mark, of the frontend, without the polls that wait for work', async () => {
  let signals = 3
  const line = (operation: string, service: string, count: number) =>
    `service_requests{operation="${operation}",service_name="${service}"} ${count}`
  const server = createServer((_, answer) => {
    answer.end(
      [
        line('SignalWorkflowExecution', 'frontend', signals),
        line('SignalWorkflowExecution', 'history', 40),
        line('PollWorkflowTaskQueue', 'frontend', signals * 100),
        line('StartWorkflowExecution', 'frontend', 7),
      ].join('\n'),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const metricsUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
    const since = await markCounts({ db: countingDatabase(), ground: { metricsUrl } })
    signals += 2
    expect((await since()).temporalCalls).toEqual({ SignalWorkflowExecution: 2 })
  } finally {
    server.close()
  }
})
