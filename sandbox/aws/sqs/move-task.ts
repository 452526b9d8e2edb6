// Redriving a dead-letter queue. In: StartMessageMoveTask and its listing. Out: messages moved, one by one.
// Never: loses a message for which no destination is known; the task fails and the message stays.

import { randomUUID } from 'node:crypto'
import { type Input, readInteger, readText } from '../input.ts'
import { AwsError, type Caller, type Surroundings } from '../service.ts'
import { addMessage } from './delivery.ts'
import { invalidValue, missingParameter, unsupported } from './errors.ts'
import type { Queue } from './queue.ts'
import { isRedrivenTo, type Queues } from './queues.ts'

type Parts = Pick<Surroundings, 'clock' | 'ledger' | 'faults'>

interface MoveTask {
  handle: string
  sourceArn: string
  destinationArn?: string
  perSecond?: number
  status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED'
  moved: number
  toMove: number
  startedAtMs: number
  failure?: string
}

export const createMoveTasks = (parts: Parts, queues: Queues) => {
  const tasks: MoveTask[] = []
  return {
    StartMessageMoveTask(input: Input, caller: Caller) {
      const source = requireDeadLetterQueue(queues, input, caller)
      const destinationArn = readText(input, 'DestinationArn')
      if (destinationArn !== undefined) requireOwn(queues, destinationArn, caller, 'DestinationArn')
      if (destinationArn === source.arn)
        throw invalidValue(destinationArn, 'DestinationArn', 'It is the source itself.')
      const perSecond = readInteger(input, 'MaxNumberOfMessagesPerSecond')
      if (perSecond !== undefined && (perSecond < 1 || perSecond > 500)) {
        throw invalidValue(perSecond, 'MaxNumberOfMessagesPerSecond', 'Must be between 1 and 500.')
      }
      if (tasks.some((task) => task.sourceArn === source.arn && task.status === 'RUNNING')) {
        throw new AwsError(
          'InvalidParameterValue',
          `There is already a task running for ${source.arn}. Only one is allowed.`,
        )
      }
      const handle = Buffer.from(JSON.stringify({ taskId: randomUUID(), sourceArn: source.arn })).toString('base64')
      const counts = { moved: 0, toMove: source.messages.size(), startedAtMs: parts.clock.nowMs() }
      const task: MoveTask = { handle, sourceArn: source.arn, destinationArn, perSecond, status: 'RUNNING', ...counts }
      tasks.unshift(task)
      parts.clock.after(0, () => moveSome(parts, queues, task))
      return { TaskHandle: handle }
    },

    CancelMessageMoveTask(input: Input, caller: Caller) {
      const handle = readText(input, 'TaskHandle')
      if (handle === undefined) throw missingParameter('TaskHandle')
      requireOwn(queues, readSourceArn(handle), caller, 'SourceArn')
      const task = tasks.find((candidate) => candidate.handle === handle)
      if (task === undefined) throw new AwsError('ResourceNotFoundException', 'Task does not exist.', 404)
      if (task.status !== 'RUNNING') throw unsupported(`Only a running task can be cancelled; it is ${task.status}.`)
      task.status = 'CANCELLED'
      return { ApproximateNumberOfMessagesMoved: task.moved }
    },

    ListMessageMoveTasks(input: Input, caller: Caller) {
      const arn = readText(input, 'SourceArn')
      if (arn === undefined) throw missingParameter('SourceArn')
      requireOwn(queues, arn, caller, 'SourceArn')
      const max = readInteger(input, 'MaxResults') ?? 1
      if (max < 1 || max > 10) throw invalidValue(max, 'MaxResults', 'Must be between 1 and 10.')
      return {
        Results: tasks
          .filter((task) => task.sourceArn === arn)
          .slice(0, max)
          .map(toWire),
      }
    },
  }
}

/** As many as a second allows, all at once without a limit; then again after a second. */
function moveSome(parts: Parts, queues: Queues, task: MoveTask): void {
  if (task.status !== 'RUNNING') return
  const source = queues.byArn(task.sourceArn)
  const nowMs = parts.clock.nowMs()
  const ready = [...(source?.messages.visible(nowMs) ?? [])]
  const left = Math.min(ready.length, task.toMove - task.moved)
  for (const message of ready.slice(0, Math.min(left, task.perSecond ?? left))) {
    const destination = queues.byArn(task.destinationArn ?? message.deadLetterSourceArn ?? '')
    if (source === undefined || destination === undefined) {
      task.status = 'FAILED'
      task.failure =
        task.destinationArn === undefined ? 'CouldNotDetermineMessageSource' : 'AWS.SimpleQueueService.NonExistentQueue'
      return
    }
    source.messages.remove(message)
    const { body, attributes, traceHeader, senderId } = message
    // A move is a new send: new id, new enqueue time, count from zero.
    const fresh = { messageId: randomUUID(), sentAtMs: nowMs, visibleAtMs: nowMs, receiveCount: 0 }
    addMessage(parts, destination, { body, attributes, traceHeader, senderId, ...fresh }, 'moved')
    task.moved += 1
  }
  if (task.perSecond === undefined || left <= task.perSecond) task.status = 'COMPLETED'
  else parts.clock.after(1000, () => moveSome(parts, queues, task))
}

/** A handle says of which task of which queue it is. */
function readSourceArn(handle: string): string {
  try {
    const { sourceArn } = JSON.parse(Buffer.from(handle, 'base64').toString('utf8')) as { sourceArn?: string }
    if (sourceArn !== undefined) return sourceArn
  } catch {
    // Said below, together with a handle of something else.
  }
  throw new AwsError('InvalidParameterValue', 'Value for parameter TaskHandle is invalid.')
}

function requireDeadLetterQueue(queues: Queues, input: Input, caller: Caller): Queue {
  const arn = readText(input, 'SourceArn')
  if (arn === undefined) throw missingParameter('SourceArn')
  const source = requireOwn(queues, arn, caller, 'SourceArn')
  if (!queues.all().some((queue) => isRedrivenTo(queue, source.arn)))
    throw invalidValue(arn, 'SourceArn', 'Source queue must be configured as a Dead Letter Queue.')
  return source
}

function requireOwn(queues: Queues, arn: string, caller: Caller, name: string): Queue {
  const queue = queues.byArn(arn)
  if (queue?.account === caller.account && queue.region === caller.region) return queue
  throw new AwsError(
    'ResourceNotFoundException',
    `The resource that you specified for the ${name} parameter doesn't exist.`,
    404,
  )
}

function toWire(task: MoveTask) {
  return {
    ...(task.status === 'RUNNING' && { TaskHandle: task.handle }),
    Status: task.status,
    SourceArn: task.sourceArn,
    DestinationArn: task.destinationArn,
    MaxNumberOfMessagesPerSecond: task.perSecond,
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    FailureReason: task.failure,
    StartedTimestamp: task.startedAtMs,
  }
}
