// The worker as a process, told to stop while it starts: what it says to Temporal after that.
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, inject, onTestFinished, test } from 'vitest'
import { plainEnvironment, startProcess } from '../../sandbox/processes.ts'
import { root } from '../steps.ts'

const { address, namespace, bundlePath } = inject('ground')

/** All that it printed, once it ended by itself. */
async function startAndStopAt(call: string): Promise<{ code: number | null; printed: string }> {
  const domain = `d${randomUUID().slice(0, 8)}`
  const preload = pathToFileURL(path.join(root, 'test', 'workflows', 'stop-at-call.ts')).href
  const worker = await startProcess({
    name: `worker ${domain}`,
    command: process.execPath,
    args: ['--import', preload, path.join(root, 'workers', 'worker.ts'), domain],
    env: {
      ...{ ...plainEnvironment(), SLUICE_STOP_AT: call, SLUICE_BUNDLE: bundlePath },
      ...{ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
      ...{ AWS_REGION: 'us-east-1', AWS_ACCOUNT_ID: '111111111111' },
      SLUICE_CENTRAL_BUS_ARN: 'arn:aws:events:us-east-1:999999999999:event-bus/central',
      // Opens nothing before its first statement.
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    },
    logFile: path.join(path.dirname(bundlePath), `worker-${domain}.log`),
  })
  onTestFinished(() => void worker.kill())
  const { code } = await worker.exited
  return { code, printed: worker.lastLines(Number.POSITIVE_INFINITY) }
}

test.each([
  ['while it looks how its deployment stands', 'DescribeWorkerDeployment'],
  ['while its build becomes current', 'SetWorkerDeploymentCurrentVersion'],
  ['while its schedule is made', 'CreateSchedule'],
])('%s: nothing more, and it ends well', async (_when, call) => {
  const { code, printed } = await startAndStopAt(call)
  expect(printed.match(/^asked \w+$/gm) ?? []).toEqual([])
  expect(printed).not.toContain('"ready"')
  expect(code).toBe(0)
})
