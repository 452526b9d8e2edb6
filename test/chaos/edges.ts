// Preloaded into a role's process (`node --import`): sees each external effect of it, and ends the process by SIGKILL
// before or after a chosen one, or stops it (SIGSTOP) once a chosen call was answered. In: the environment below.
// Out: a line per effect; a dead or frozen process at the chosen point.
// Never: changes what the role asks of a server, but for how long a received message stays invisible when told.
import { appendFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { GetQueueUrlCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import pg from 'pg'
import { EFFECTS } from './effect-list.ts'
import {
  type AwsInput,
  type TemporalRequest,
  toFreezeLine,
  toAwsEffect,
  toAwsOperation,
  toPostgresEffect,
  toTemporalEffect,
  toTemporalOperation,
} from './effects.ts'
import type { RoleName } from './roles.ts'

const {
  /** File that gets the name of each effect as a line. */
  SLUICE_CHAOS_RECORD: record,
  /** File that gets those which effect-list.ts does not have. */
  SLUICE_CHAOS_UNLISTED: unlisted,
  /** `before aws StartJobRun` or `after …`. */
  SLUICE_CHAOS_CRASH: crash = '',
  /** Which occurrence; the first unless told. */
  SLUICE_CHAOS_CRASH_NTH: nth = '1',
  /** `GetJobRuns`, or another operation of AWS: once the first is answered, the process stands still. */
  SLUICE_CHAOS_FREEZE: freezes = '',
  /** Seconds that a received message stays invisible; else what the role asks for. */
  SLUICE_CHAOS_VISIBILITY: visibility,
  AWS_ENDPOINT_URL: endpoint,
} = process.env

const listed = EFFECTS[path.basename(process.argv[1] ?? '', '.ts') as RoleName]

let seen = 0

type When = 'before' | 'after'

/** Notes the effect; `await`-free, so that nothing of the role runs between the point and the kill. */
function pass(when: When, effect: string | undefined): void {
  if (!effect) return
  if (when === 'before' && record) appendFileSync(record, `${effect}\n`)
  if (when === 'before' && unlisted && !(effect in listed)) appendFileSync(unlisted, `${effect}\n`)
  if (crash !== `${when} ${effect}`) return
  seen += 1
  if (seen === Number(nth)) process.kill(process.pid, 'SIGKILL')
}

let isFrozenOnce = false

/** The line comes just before: whoever reads it knows that the answer is there and nothing was made of it yet. */
function standStill(operation: string): void {
  if (operation !== freezes || isFrozenOnce) return
  isFrozenOnce = true
  if (record) appendFileSync(record, `${toFreezeLine(operation)}\n`)
  process.kill(process.pid, 'SIGSTOP')
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
  input: AwsInput & { VisibilityTimeout?: number }
}

// Every client of the SDK inherits `send` from one class.
wrap(
  Object.getPrototypeOf(SQSClient.prototype) as object,
  'send',
  (send) =>
    async function sendSeen(this: unknown, ...args) {
      const command = args[0] as AwsCommand
      const effect = toAwsEffect(command.constructor.name, command.input)
      if (visibility && command instanceof ReceiveMessageCommand) command.input.VisibilityTimeout = Number(visibility)
      pass('before', effect)
      const answer = await (send.apply(this, args) as Promise<{ QueueUrl?: string }>)
      pass('after', effect)
      standStill(toAwsOperation(command.constructor.name))
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

// The client's own copies: ours would be other modules if the versions ever differed.
const requireOfClient = createRequire(import.meta.resolve('@temporalio/client'))
const grpc = requireOfClient('@grpc/grpc-js') as { Client: { prototype: object } }
const { temporal } = requireOfClient('@temporalio/proto') as {
  temporal: { api: { workflowservice: { v1: Messages } } }
}

type Messages = Record<string, { decode(bytes: Uint8Array): TemporalRequest } | undefined>

/** What the client hands on is encoded already. */
const readRequest = (method: string, bytes: unknown): TemporalRequest | undefined =>
  temporal.api.workflowservice.v1[`${toTemporalOperation(method)}Request`]?.decode(bytes as Uint8Array)

wrap(
  grpc.Client.prototype,
  'makeUnaryRequest',
  (request) =>
    function requestSeen(this: unknown, ...args) {
      const method = String(args[0])
      const effect = toTemporalEffect(method, readRequest(method, args[3]))
      pass('before', effect)
      const callback = args.pop() as Callable
      return request.call(this, ...args, (...reply: unknown[]) => {
        pass('after', effect)
        callback(...reply)
      })
    },
)
