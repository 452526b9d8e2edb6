// Entry: the worker of the bare workflow, `node bench/floor/worker.ts <address> <namespace>`; ends on SIGTERM.
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { FLOOR_QUEUE } from './contract.ts'

const [address = '', namespace = ''] = process.argv.slice(2)
const logger = new DefaultLogger('WARN')
Runtime.install({ logger, shutdownSignals: ['SIGTERM', 'SIGINT'] })
const connection = await NativeConnection.connect({ address })
const worker = await Worker.create({
  ...{ connection, namespace, taskQueue: FLOOR_QUEUE },
  workflowBundle: await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('workflows.ts', import.meta.url)),
    logger,
  }),
  activities: { beginAtMs: async () => Date.now() },
  // As the product's worker.
  ...{ maxCachedWorkflows: 500, stickyQueueScheduleToStartTimeout: '1 second' },
})
process.stdout.write('{"ready":"floor"}\n')
await worker.run()
await connection.close()
