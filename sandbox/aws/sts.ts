// STS over the query protocol. In: GetCallerIdentity of an account, as a form or in the address. Out: who that is, in XML; one
// ledger row. An access key of the sandbox stands for a whole account, hence for its root. Never: another operation.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { sufferFault } from './faults.ts'
import { type Answer, hangUpSignal, readBody, sendAnswer, toXmlError } from './http.ts'
import { AwsError, type Caller, type RestService, type Surroundings } from './service.ts'

const VERSION = '2011-06-15'

/** STS as a service of the sandbox. */
export function createSts({ clock, faults, ledger }: Omit<Surroundings, 'roads'>): RestService {
  async function execute(operation: string, caller: Caller, call: { signal: AbortSignal; requestId: string }) {
    const fault = faults.take({ service: 'sts', operation, caller, input: {} })
    if (fault?.kind === 'throttle') throw new AwsError('Throttling', 'Rate exceeded')
    await sufferFault(fault, clock, call.signal)
    if (operation !== 'GetCallerIdentity')
      throw new AwsError('InvalidAction', `Could not find operation ${operation} for version ${VERSION}`)
    return { fault, answer: toIdentity(caller, call.requestId) }
  }

  return {
    name: 'sts',
    async handle(request, response, caller) {
      const requestId = randomUUID()
      const signal = hangUpSignal(response)
      const operation = await readOperation(request)
      const { fault, answer, outcome } = await execute(operation, caller, { signal, requestId }).then(
        (done) => ({ ...done, outcome: 'ok' }),
        (error: unknown) => {
          if (!(error instanceof AwsError)) throw error
          return { fault: undefined, answer: toXmlError(error, requestId), outcome: error.code }
        },
      )
      ledger.add({ kind: 'call', service: 'sts', ...caller, operation, outcome, facts: {} })
      if (fault?.kind === 'lose-reply') response.destroy()
      else sendAnswer(response, requestId, answer)
    },
    close: () => undefined,
  }
}

async function readOperation(request: IncomingMessage): Promise<string> {
  const body = (await readBody(request)).toString('utf8')
  const form = new URLSearchParams(body || request.url?.split('?')[1])
  return form.get('Action') ?? 'Unknown'
}

function toIdentity({ account }: Caller, requestId: string): Answer {
  const body = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/${VERSION}/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::${account}:root</Arn>
    <UserId>${account}</UserId>
    <Account>${account}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>${requestId}</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`
  return { status: 200, contentType: 'text/xml', headers: {}, body }
}
