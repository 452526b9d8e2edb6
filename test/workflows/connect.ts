// In: the address of the tests' server. Out: a client's connection.
// Never: a failure because the server, stalled while it started, says for a moment that it does not know its namespace.
import {
  Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  type GrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client'

const usual = defaultGrpcRetryOptions()
const patient: GrpcRetryOptions = {
  ...usual,
  retryableDecider: (attempt, status) =>
    usual.retryableDecider(attempt, status) || (attempt < 10 && /^Namespace .* not found/.test(status.details)),
}

export const connect = (address: string, options: ConnectionOptions = {}): Promise<Connection> =>
  Connection.connect({ address, interceptors: [makeGrpcRetryInterceptor(patient)], ...options })
