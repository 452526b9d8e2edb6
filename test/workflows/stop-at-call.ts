// Preloaded into a role's process (`node --import`): it gets SIGTERM while a call of Temporal is on its way.
// In: SLUICE_STOP_AT, the call. Out: a line `asked <call>` for each that the role makes after that.
// Never: an answer to that call before the role has heard of the signal.
import { createRequire } from 'node:module'

const { SLUICE_STOP_AT: stopAt } = process.env

type Request = (this: unknown, ...args: unknown[]) => unknown

// The client's own copy, as in test/chaos/edges.ts.
const requireOfClient = createRequire(import.meta.resolve('@temporalio/client'))
const { Client } = requireOfClient('@grpc/grpc-js') as { Client: { prototype: { makeUnaryRequest: Request } } }
const { makeUnaryRequest } = Client.prototype

let heard: Promise<unknown> | undefined

Client.prototype.makeUnaryRequest = function requestSeen(...args) {
  const call = String(args[0]).split('/').at(-1)
  if (heard) process.stdout.write(`asked ${call}\n`)
  if (heard || call !== stopAt) return makeUnaryRequest.apply(this, args)
  heard = new Promise((resolve) => process.once('SIGTERM', () => setImmediate(resolve)))
  process.kill(process.pid, 'SIGTERM')
  const answer = args.pop() as Request
  return makeUnaryRequest.call(this, ...args, (...reply: unknown[]) => void heard?.then(() => answer(...reply)))
}
