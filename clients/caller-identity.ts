// Who this process is to AWS. In: the SDK's own settings and credentials. Out: the caller's ARN, as STS tells it.
// Never: a proof to others: whoever reads it trusts this process. Waits for longer than a person does.
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'

/** @throws Error when there are no credentials or no region, or STS refuses or is silent. */
export async function readCallerArn(patienceMs: number): Promise<string> {
  const sts = new STSClient({ requestHandler: { connectionTimeout: patienceMs } })
  const patience = AbortSignal.timeout(patienceMs)
  try {
    const { Arn } = await sts.send(new GetCallerIdentityCommand({}), { abortSignal: patience })
    if (!Arn) throw new Error('STS answered GetCallerIdentity without an ARN')
    return Arn
  } catch (error) {
    // The SDK says only that the request was aborted, which is no cause worth telling.
    throw patience.aborted ? new Error(`STS did not answer within ${patienceMs / 1_000} s`) : error
  } finally {
    sts.destroy()
  }
}
