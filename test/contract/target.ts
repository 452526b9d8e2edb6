// In: the environment. Out: the AWS that the contract is put to: a sandbox of this process, or whatever endpoint is named.
// Never: a name without the throw-away prefix; a wait of more than a few seconds on clocks that are not ours to move.
//
// SLUICE_CONTRACT_ENDPOINT      an emulator's address. Unset: the sandbox, in this process. An access key id is the account of
//                               that number, unless SLUICE_CONTRACT_KEY and SLUICE_CONTRACT_OTHER_KEY name others; which
//                               account a key really is, the emulator is asked: if both are one, it has no second account.
//                               A sandbox of another process is known by its admin endpoint, which lends clock and faults.
// SLUICE_CONTRACT_AWS=1         real AWS: no endpoint, credentials of the profiles SLUICE_CONTRACT_PROFILE and
//                               SLUICE_CONTRACT_OTHER_PROFILE (the second account; without it, its claims are not put).
// SLUICE_CONTRACT_REGION        us-east-1 unless set.
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  type QueueAttributeName,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { createSystemClock } from '../../sandbox/aws/clock.ts'
import { startSandbox } from '../../sandbox/aws/server.ts'
import type { Clock } from '../../sandbox/aws/service.ts'

/** What a claim needs of its target beside an account: without it the claim is not put, and the report says so. */
export type Need =
  /** A second account, to be refused or admitted as. */
  | 'second-account'
  /** A clock that can be put forward: hours of visibility, retries or time-outs. */
  | 'clock'
  /** Glue runs whose states the test chooses (sandbox fault `run-timeline`), or other fault switches. */
  | 'faults'

export interface Target {
  kind: 'sandbox' | 'endpoint' | 'aws'
  /** Begins the name of everything that a test creates. */
  prefix: string
  region: string
  /** 12 digits. */
  account: string
  otherAccount: string
  has(need: Need): boolean
  /** Options of an SDK client of one of the two accounts, `account` unless told. One try: an error is the answer. */
  options(account?: string): { region: string; maxAttempts: number; endpoint?: string; credentials?: Credentials }
  /** Lets so much time pass: at once on the sandbox, really elsewhere. */
  pass(ms: number): Promise<void>
  /** Sets a fault switch of the sandbox (need `faults`); answers what removes it. */
  fault(rule: object): Promise<() => Promise<void>>
  close(): Promise<void>
}

interface Credentials {
  accessKeyId: string
  secretAccessKey: string
}

const LONGEST_REAL_WAIT_MS = 5_000
const ACCOUNT = '111111111111'
const OTHER_ACCOUNT = '222222222222'

export async function openTarget(): Promise<Target> {
  const base = {
    prefix: `sluice-contract-${randomBytes(4).toString('hex')}-`,
    region: process.env.SLUICE_CONTRACT_REGION ?? 'us-east-1',
    account: process.env.SLUICE_CONTRACT_ACCOUNT ?? ACCOUNT,
    otherAccount: process.env.SLUICE_CONTRACT_OTHER_ACCOUNT ?? OTHER_ACCOUNT,
  }
  const endpoint = process.env.SLUICE_CONTRACT_ENDPOINT
  if (process.env.SLUICE_CONTRACT_AWS === '1') return toAws(base)
  return endpoint === undefined ? toSandbox(base) : toEmulator(base, endpoint)
}

type Base = Pick<Target, 'prefix' | 'region' | 'account' | 'otherAccount'>

async function toSandbox(base: Base): Promise<Target> {
  const clock = createSystemClock()
  const sandbox = await startSandbox({ clock: ticking(clock) })
  return {
    ...base,
    kind: 'sandbox',
    has: () => true,
    options: (account = base.account) => atEndpoint(base, sandbox.endpoint, account),
    async pass(ms) {
      clock.jump(ms)
    },
    fault: (rule) => setFault(sandbox.endpoint, rule),
    close: () => sandbox.close(),
  }
}

/** A millisecond goes by at each look, as it may on a busy machine: what bears one instant must have looked once. */
function ticking(clock: Clock): Clock {
  let looks = 0
  return { ...clock, nowMs: () => clock.nowMs() + (looks += 1) }
}

async function toEmulator(named: Base, endpoint: string): Promise<Target> {
  if (!(await isSandbox(endpoint))) return await toForeign(named, endpoint)
  const options = (account = named.account) => atEndpoint(named, endpoint, account)
  const pass = (ms: number) => putForward(endpoint, ms)
  const fault = (rule: object) => setFault(endpoint, rule)
  return { ...named, kind: 'sandbox', has: () => true, options, pass, fault, close: () => Promise.resolve() }
}

/** Another's emulator: which accounts its keys belong to is seen from the ARN of a queue. */
async function toForeign(named: Base, endpoint: string): Promise<Target> {
  const key = process.env.SLUICE_CONTRACT_KEY ?? named.account
  const otherKey = process.env.SLUICE_CONTRACT_OTHER_KEY ?? named.otherAccount
  const account = await readAccount(named, endpoint, key)
  const otherAccount = await readAccount(named, endpoint, otherKey)
  const base = { ...named, account, otherAccount }
  return {
    ...base,
    kind: 'endpoint',
    has: (need) => need === 'second-account' && account !== otherAccount,
    options: (asked = account) => atEndpoint(base, endpoint, asked === account ? key : otherKey),
    ...elsewhere,
  }
}

async function readAccount(base: Base, endpoint: string, key: string): Promise<string> {
  const client = new SQSClient(atEndpoint(base, endpoint, key))
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: `${base.prefix}whose` }))
  const AttributeNames: QueueAttributeName[] = ['QueueArn']
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))
  await client.send(new DeleteQueueCommand({ QueueUrl }))
  client.destroy()
  const account = Attributes?.QueueArn?.split(':')[4]
  if (account === undefined) throw new Error(`${endpoint} does not say which account owns a queue.`)
  return account
}

const isSandbox = (endpoint: string): Promise<boolean> =>
  fetch(`${endpoint}/_sandbox/health`).then(
    async (answer) => answer.ok && (await answer.text()).includes('"pid"'),
    () => false,
  )

async function putForward(endpoint: string, aheadMs: number): Promise<void> {
  const answer = await fetch(`${endpoint}/_sandbox/clock`, { method: 'POST', body: JSON.stringify({ aheadMs }) })
  if (!answer.ok) throw new Error(`The sandbox did not put its clock forward by ${aheadMs} ms: ${await answer.text()}`)
}

function toAws(base: Base): Target {
  const profiles: Record<string, string | undefined> = {
    [base.account]: process.env.SLUICE_CONTRACT_PROFILE,
    [base.otherAccount]: process.env.SLUICE_CONTRACT_OTHER_PROFILE,
  }
  return {
    ...base,
    kind: 'aws',
    has: (need) => need === 'second-account' && profiles[base.otherAccount] !== undefined,
    options(account = base.account) {
      const profile = profiles[account]
      return { region: base.region, maxAttempts: 1, ...(profile === undefined ? {} : { profile }) }
    },
    ...elsewhere,
  }
}

const elsewhere = {
  pass: (ms: number) => {
    if (ms > LONGEST_REAL_WAIT_MS)
      throw new Error(`A wait of ${ms} ms needs the sandbox's clock: give the claim needs: ['clock'].`)
    return pause(ms)
  },
  fault: () => Promise.reject(new Error("Only the sandbox has fault switches: give the claim needs: ['faults'].")),
  close: () => Promise.resolve(),
}

const atEndpoint = ({ region }: Base, endpoint: string, accessKeyId: string) => ({
  region,
  maxAttempts: 1,
  endpoint,
  credentials: { accessKeyId, secretAccessKey: 'contract' },
})

async function setFault(endpoint: string, rule: object): Promise<() => Promise<void>> {
  const answer = await fetch(`${endpoint}/_sandbox/faults`, { method: 'POST', body: JSON.stringify(rule) })
  if (!answer.ok) throw new Error(`The sandbox refused the fault ${JSON.stringify(rule)}: ${await answer.text()}`)
  const { id } = (await answer.json()) as { id: string }
  return async () => {
    await fetch(`${endpoint}/_sandbox/faults?id=${id}`, { method: 'DELETE' })
  }
}
