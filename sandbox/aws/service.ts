// What a sandbox service is: the seam between the HTTP front, the five services, the ledger and the faults.
// In: one call, already authenticated to an account. Out: the operation's output, or an AwsError.

import type { IncomingMessage, ServerResponse } from 'node:http'

/** Who calls: the access key id of the SigV4 credential scope is the account, the scope's region the region. */
export interface Caller {
  account: string
  region: string
}

/** An error as AWS answers it: `code` is the wire's error type, `status` the HTTP status (400 unless told). */
export class AwsError extends Error {
  readonly code: string
  readonly status: number
  readonly fields: Record<string, unknown>

  constructor(code: string, message: string, status = 400, fields: Record<string, unknown> = {}) {
    super(message)
    this.name = code
    this.code = code
    this.status = status
    this.fields = fields
  }
}

/** What an operation may know of its call besides input and caller. */
export interface Call {
  requestId: string
  /** Aborted when the caller hangs up or the sandbox closes: a long poll must then take nothing. */
  signal: AbortSignal
  /** A fault that only the operation can carry out: `fail-entry`, `duplicate`, `reorder`, `drop-event`, `run-timeline`. */
  fault?: FaultAction
  /** Added to the call's ledger row; scalar fields of the input are there already. */
  facts: Record<string, unknown>
}

/** Takes the parsed input, gives the output (or a promise of it), or throws an AwsError. */
export type JsonOperation = (input: never, caller: Caller, call: Call) => unknown

/** A service that speaks AWS JSON 1.0 or 1.1: `X-Amz-Target: <targetPrefix>.<Operation>`. */
export interface JsonService {
  name: 'sqs' | 'events' | 'glue'
  targetPrefix: 'AmazonSQS' | 'AWSEvents' | 'AWSGlue'
  contentType: 'application/x-amz-json-1.0' | 'application/x-amz-json-1.1'
  operations: Record<string, JsonOperation>
  /** How an error is named on the wire where that is not just its code (SQS: namespace and query-error header). */
  toWireError?(error: AwsError): { type: string; headers: Record<string, string> }
  /** Frees timers and child processes; after it the service answers nothing. */
  close(): Promise<void> | void
}

/**
 * A service that speaks REST (S3) or the query protocol (STS). It reads the request and writes the answer itself, errors included, and once it
 * knows the operation: asks `faults.take`, lets `sufferFault` (faults.ts) act, and adds its own `call` row per request.
 */
export interface RestService {
  name: 's3' | 'sts'
  /** A rejection is a defect of the sandbox; the front answers 500 if nothing was sent yet. */
  handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void>
  /** Frees timers and open streams. */
  close(): Promise<void> | void
}

/** Time as the sandbox sees it; tests may drive it. */
export interface Clock {
  nowMs(): number
  /** Runs `action` after `ms`; the returned function cancels it. */
  after(ms: number, action: () => void): () => void
  /** Puts time forward; what fell due happens. A clock without it cannot be put forward from outside. */
  jump?(ms: number): void
}

/** One ledger row, in the order things happened. `kind` is `call` for API calls, else what the sandbox did by itself. */
export interface LedgerRow {
  seq: number
  atMs: number
  kind:
    | 'call'
    | 'event-routed'
    | 'event-dropped'
    | 'message-visible'
    | 'dead-letter'
    | 'run-state'
    | 'notification'
    | 'fault'
  service: RestService['name'] | JsonService['name']
  account: string
  region: string
  operation?: string
  /** `ok` or the error code. */
  outcome?: string
  /** Small facts worth asserting: names, ids, entries; never a whole object body. */
  facts: Record<string, unknown>
}

export interface Ledger {
  add(row: Omit<LedgerRow, 'seq' | 'atMs'>): void
  /** The first `limit` rows after `sinceSeq` that match. */
  rows(filter?: { sinceSeq?: number; limit?: number; kind?: string; service?: string; operation?: string }): LedgerRow[]
  /** How many rows there are: also the `seq` of the latest. */
  count(): number
}

/** What a fault switch does to the calls it matches. */
export type FaultAction =
  | { kind: 'error'; code: string; status?: number; message?: string }
  | { kind: 'throttle' }
  | { kind: 'lose-reply' } // executes, then cuts the socket
  | { kind: 'half-body' } // executes, answers headers and half of the body, then cuts the socket
  | { kind: 'delay'; ms: number }
  | { kind: 'hang' } // accepts the call and never answers
  | { kind: 'drop-event' } // EventBridge: an event that a service (Glue) or a caller put is lost
  | { kind: 'duplicate'; times: number } // SQS: a message sent or received becomes receivable that many times
  | { kind: 'reorder' } // SQS: a receive takes any of the visible messages, not those that came first
  | { kind: 'fail-entry'; index: number; code: string } // PutEvents, SendMessageBatch, DeleteMessageBatch
  | { kind: 'run-timeline'; states: { state: string; afterMs: number; message?: string }[] } // Glue: instead of executing

/** A fault rule: all given fields must match; then `after`, `every` and `probability` choose among the matching calls. */
export interface FaultRule {
  id?: string
  service: LedgerRow['service']
  /** An operation's name, or `*`: every call of the API (not what the sandbox does by itself). */
  operation: string
  account?: string
  /** Matches when each named value equals the input's value at that dotted path, e.g. `{"JobName": "d1-ds3"}`. */
  where?: Record<string, string | number | boolean>
  /** Skips that many matching calls first. */
  after?: number
  /** Of the calls left, each n-th. */
  every?: number
  /** Of those left, this share (0 to 1), drawn by a generator that starts at `seed` (0 unless given). */
  probability?: number
  seed?: number
  /** Used up after so many; unless given 1, with `every` or `probability` without end. */
  times?: number | 'unlimited'
  action: FaultAction
}

export interface Faults {
  add(rule: FaultRule): string
  remove(id: string): void
  list(): (FaultRule & { used: number })[]
  /** The action for this call, used up by asking; each use is a `fault` ledger row. */
  take(call: {
    service: LedgerRow['service']
    operation: string
    caller: Caller
    input: unknown
  }): FaultAction | undefined
}

/** Who writes into a queue or bus on AWS's side, as resource policies see it. */
export interface Principal {
  kind: 'account' | 'service'
  /** An account id, or `events.amazonaws.com`, `s3.amazonaws.com`. */
  id: string
  sourceArn?: string
  sourceAccount?: string
}

/** The inner roads between services: what AWS does behind its API. */
export interface Roads {
  /** Puts an event of an AWS service (`source` `aws.*`) on the account's default bus. */
  putAwsEvent(
    caller: Caller,
    event: { source: string; detailType: string; detail: Record<string, unknown>; resources?: string[] },
  ): void
  /** Sends into a queue of any account after its policy allowed it; the answer names why not. */
  deliverToQueue(
    queueArn: string,
    message: { body: string; attributes?: Record<string, string> },
    principal: Principal,
  ): { kind: 'ok'; messageId: string } | { kind: 'denied' | 'missing'; code: string; message: string }
}

/** All that a service may lean on. */
export interface Surroundings {
  clock: Clock
  ledger: Ledger
  faults: Faults
  roads: Roads
}
