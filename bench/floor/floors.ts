// What the parts cost alone, on the same servers in the same run: a bare workflow, a bare queue, a bare insert.
// In: the stage. Out: milliseconds per try. Never: compared with figures of another run.
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { startProcess } from '../../sandbox/processes.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { atRate } from '../feed.ts'
import type { Stage } from '../stage.ts'
import { FLOOR_HOP, FLOOR_QUEUE, FLOOR_SIGNAL, FLOOR_WORKFLOW } from './contract.ts'

export interface FloorWorker {
  pid: number
  /** Opens `count` bare workflows, then signals one after another; from signal sent to activity begun. */
  measure(count: number, perSecond: number): Promise<number[]>
  /** One after another: from signal-with-start sent to the third activity in a row begun. */
  measureHops(count: number): Promise<number[]>
}

/** Its worker, for as long as the work takes. */
export async function withFloorWorker<T>(stage: Stage, work: (worker: FloorWorker) => Promise<T>): Promise<T> {
  const worker = await startFloorWorker(stage)
  try {
    return await work(worker)
  } finally {
    await worker.stop()
  }
}

async function startFloorWorker({
  temporal,
  ground,
  stack,
}: Stage): Promise<FloorWorker & { stop(): Promise<unknown> }> {
  const worker = await startProcess({
    ...{ name: 'floor worker', command: process.execPath, readyWhen: /^\{"ready":/m },
    args: [fileURLToPath(new URL('worker.ts', import.meta.url)), ground.temporalAddress, temporal.options.namespace],
    logFile: path.join(stack.folder, 'floor-worker.log'),
  })
  let opened = 0
  const open = async () => {
    opened += 1
    return temporal.workflow.start(FLOOR_WORKFLOW, { taskQueue: FLOOR_QUEUE, workflowId: `floor-${opened}`, args: [] })
  }
  return {
    pid: worker.pid,
    stop: worker.stop,
    async measure(count, perSecond) {
      const handles: Awaited<ReturnType<typeof open>>[] = []
      for (let at = 0; at < count; at += 1) handles.push(await open())
      const samples: number[] = []
      await pause(SETTLE_MS)
      await atRate(handles, perSecond, async (handle) => {
        const sentAtMs = Date.now()
        await handle.signal(FLOOR_SIGNAL)
        samples.push(((await handle.result()) as number) - sentAtMs)
      })
      return samples
    },
    async measureHops(count) {
      const samples: number[] = []
      for (let at = 0; at < count; at += 1) {
        opened += 1
        const sentAtMs = Date.now()
        const handle = await temporal.workflow.signalWithStart(FLOOR_HOP, {
          ...{ taskQueue: FLOOR_QUEUE, workflowId: `floor-${opened}`, args: [], signal: FLOOR_SIGNAL },
        })
        samples.push(((await handle.result()) as number) - sentAtMs)
      }
      return samples
    },
  }
}

/** The first task of the last one opened has then been done, also on a slow machine; it only quiets, nothing waits on it. */
const SETTLE_MS = 1_000

/** From the sandbox's stamp to the receiver's hand, one message at a time. */
export async function measureBareReceive({ endpoint, environment }: Stage, count: number): Promise<number[]> {
  const sqs = new SQSClient(clientOptions(endpoint, environment['AWS_ACCOUNT_ID'] ?? ''))
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'bench-floor' }))
  const samples: number[] = []
  for (let at = 0; at < count; at += 1) {
    const receiving = sqs.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20, MessageSystemAttributeNames: ['SentTimestamp'] }),
    )
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }))
    const [message] = (await receiving).Messages ?? []
    samples.push(Date.now() - Number(message?.Attributes?.['SentTimestamp']))
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }))
  }
  sqs.destroy()
  return samples
}

/** One row, one commit. */
export async function measureBareInsert({ db }: Stage, count: number): Promise<number[]> {
  await db.rows('create table if not exists bench_floor (n integer primary key, at timestamptz not null default now())')
  await db.rows('truncate bench_floor')
  const samples: number[] = []
  for (let n = 0; n < count; n += 1) {
    const sentAtMs = performance.now()
    await db.rows('insert into bench_floor (n) values ($1)', [n])
    samples.push(performance.now() - sentAtMs)
  }
  return samples
}
