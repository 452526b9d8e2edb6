// Preloaded into a role's process (`node --import`): sees each external effect of it, and ends the process by SIGKILL
// before or after a chosen one. In: the environment below. Out: a line per effect; a dead process at the chosen point.
// Never: changes what the role asks of a server, but for how long a received message stays invisible when told.
import { appendFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { GetQueueUrlCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import pg from 'pg'
import { toAwsEffect, toPostgresEffect, toTemporalEffect } from './effects.ts'

const {
  /** File that gets the name of each effect as a line. */
  SLUICE_CHAOS_RECORD: record,
  /** `before glue StartJobRun` or `after …`. */
  SLUICE_CHAOS_CRASH: crash = '',
  /** Which occurrence; the first unless told. */
  SLUICE_CHAOS_CRASH_NTH: nth = '1',
  /** Seconds that a received message stays invisible; else what the role asks for. */
  SLUICE_CHAOS_VISIBILITY: visibility,
  AWS_ENDPOINT_URL: endpoint,
} = process.env

let seen = 0

type When = 'before' | 'after'

/** Notes the effect; `await`-free, so that nothing of the role runs between the point and the kill. */
function pass(when: When, effect: string | undefined): void {
  if (!effect) return
  if (when === 'before' && record) appendFileSync(record, `${effect}\n`)
  if (crash !== `${when} ${effect}`) return
  seen += 1
  if (seen === Number(nth)) process.kill(process.pid, 'SIGKILL')
}

type Callable = (this: unknown, ...args: unknown[]) => unknown

/** Replaces a method by one that is told of the original. */
function wrap(prototype: object, name: string, around: (original: Callable) => Callable): void {
  const holder = prototype as Record<string, Callable>
  const original = holder[name]
  if (!original) throw new Error(`The clients have no ${name} any more: effects would pass unseen.`)
  holder[name] = around(original)
}

interface AwsCommand {
  constructor: { name: string }
  input: Record<string, unknown>
}

// Every client of the SDK inherits `send` from one class.
wrap(
  Object.getPrototypeOf(SQSClient.prototype) as object,
  'send',
  (send) =>
    async function sendSeen(this: unknown, ...args) {
      const command = args[0] as AwsCommand
      const effect = toAwsEffect(command.constructor.name)
      if (visibility && command instanceof ReceiveMessageCommand) command.input.VisibilityTimeout = Number(visibility)
      pass('before', effect)
      const answer = await (send.apply(this, args) as Promise<{ QueueUrl?: string }>)
      pass('after', effect)
      // The SDK sends to the queue's URL, which would lead past a proxy.
      if (command instanceof GetQueueUrlCommand && answer.QueueUrl && endpoint)
        answer.QueueUrl = new URL(new URL(answer.QueueUrl).pathname, endpoint).href
      return answer
    },
)

wrap(
  pg.Client.prototype,
  'query',
  (query) =>
    function querySeen(this: unknown, ...args) {
      const [config] = args
      const text = typeof config === 'string' ? config : String((config as { text?: unknown } | undefined)?.text ?? '')
      const effect = toPostgresEffect(text)
      pass('before', effect)
      const answer = query.apply(this, args)
      return answer instanceof Promise ? answer.finally(() => pass('after', effect)) : answer
    },
)

// The client's own copy: ours would be another module if the versions ever differed.
const grpc = createRequire(import.meta.resolve('@temporalio/client'))('@grpc/grpc-js') as {
  Client: { prototype: object }
}
wrap(
  grpc.Client.prototype,
  'makeUnaryRequest',
  (request) =>
    function requestSeen(this: unknown, ...args) {
      const effect = toTemporalEffect(String(args[0]))
      pass('before', effect)
      const callback = args.pop() as Callable
      return request.call(this, ...args, (...reply: unknown[]) => {
        pass('after', effect)
        callback(...reply)
      })
    },
)
