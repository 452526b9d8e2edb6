// Who acts, where nobody said so: on AWS whom its STS names, on a local stack the user; in the audit of a real database.
import { mkdtempSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { putDomainCatalog } from '../../catalog/bucket.ts'
import { createProgram } from '../../cli/program.ts'
import { toRecordAddresses } from '../../cli/stack-environment.ts'
import { CENTRAL_BUS, toBusArn } from '../../infra/events.ts'
import { listActions } from '../../mirror/status.ts'
import type { CycleId } from '../../model/ids.ts'
import { catalogOf, definitionOf, versionOf } from '../../model/samples.test-data.ts'
import { type Sandbox, startSandbox } from '../../sandbox/aws/server.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { toKnownProcess } from '../../sandbox/process-identity.ts'
import { writeStack } from '../../sandbox/stacks.ts'
import { type LentDatabase, useDatabase } from './postgres.ts'
import { CENTRAL_ACCOUNT, OWN_ACCOUNT, REGION } from './refresh-messages.ts'

const ARN = `arn:aws:iam::${OWN_ACCOUNT}:root`
const USER = userInfo().username
const BUCKET = 'catalog'

let database: LentDatabase
let sandbox: Sandbox
let cycles = 0
let cycle: CycleId
let said = ''

useDatabase((given) => (database = given))

beforeEach(async () => {
  sandbox = await startSandbox()
  await applied()
  cycle = `d1/a/2026-11-0${(cycles += 1)}` as CycleId
  said = ''
  const environment = {
    ...{ AWS_ENDPOINT_URL: sandbox.endpoint, AWS_REGION: REGION, AWS_ACCOUNT_ID: OWN_ACCOUNT },
    ...{ AWS_ACCESS_KEY_ID: OWN_ACCOUNT, AWS_SECRET_ACCESS_KEY: 'sandbox' },
    ...{
      DATABASE_URL: database.url,
      SLUICE_CATALOG_BUCKET: BUCKET,
      SLUICE_CENTRAL_BUS_ARN: toBusArn(REGION, CENTRAL_ACCOUNT, CENTRAL_BUS),
    },
  }
  for (const [name, value] of Object.entries({ ...environment, SLUICE_ACTOR: undefined })) vi.stubEnv(name, value)
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((said += String(text))))
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await sandbox.close()
})

async function applied(): Promise<void> {
  const s3 = new S3Client(clientOptions({ endpoint: sandbox.endpoint, region: REGION }, CENTRAL_ACCOUNT))
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  await putDomainCatalog({ s3, bucket: BUCKET }, catalogOf([versionOf(definitionOf('d1/a'))]))
  s3.destroy()
}

/** An action that is refused, for nobody has heard of the revision; audited with its actor. */
async function act(...more: string[]) {
  const words = ['events', 'withdraw', `${cycle}/r9`, '--reason', 'the wrong file', ...more]
  await expect(createProgram('').parseAsync(words, { from: 'user' })).rejects.toThrow('is not known')
  return (await listActions(database.db, cycle)).map(({ actor, actorVerified }) => ({ actor, actorVerified }))
}

const asked = () => sandbox.ledger.rows({ kind: 'call', service: 'sts' }).map(({ outcome }) => outcome)

test('on AWS the audit names whom AWS knows as the caller, and does not vouch for it', async () => {
  expect(await act()).toEqual([{ actor: ARN, actorVerified: false }])
  expect([asked(), said]).toEqual([['ok'], ''])
})

test('who says who he is, is not asked for', async () => {
  expect(await act('--actor', 'ann')).toMatchObject([{ actor: 'ann' }])
  vi.stubEnv('SLUICE_ACTOR', 'ben')
  expect(await act()).toMatchObject([{ actor: 'ann' }, { actor: 'ben' }])
  expect(asked()).toEqual([])
})

test('when AWS refuses to say it, that is one sentence, and the actor is the user', async () => {
  const action = { kind: 'error', code: 'ExpiredToken', message: 'The token has expired' } as const
  sandbox.faults.add({ service: 'sts', operation: 'GetCallerIdentity', action })
  expect(await act()).toMatchObject([{ actor: USER }])
  expect(said).toBe(
    `AWS could not be asked who you are (The token has expired), so the actor is "${USER}"; --actor <who> says another.\n`,
  )
  expect(asked()).toEqual(['ExpiredToken'])
})

test('when STS is away the actor is the user, and the sentence says what was wrong', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL_STS', 'http://127.0.0.1:1')
  expect(await act()).toMatchObject([{ actor: USER }])
  expect(said).toMatch(/^AWS could not be asked who you are \(.*ECONNREFUSED.*\), so the actor is "[^\n]+\n$/)
})

test('on a local stack the actor is the user, and nobody is asked', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-actor-'))
  const accounts = { central: CENTRAL_ACCOUNT, d1: OWN_ACCOUNT }
  const settings = { SLUICE_CATALOG_BUCKET: BUCKET }
  const owner = toKnownProcess('test', process.pid)
  const addresses = {
    awsEndpoint: sandbox.endpoint,
    databaseUrl: database.url,
    accounts,
    databaseUrls: {},
    settings,
  }
  writeStack(
    { id: 'here', startedAt: new Date().toISOString(), owner, processes: [], addresses: toRecordAddresses(addresses) },
    folder,
  )
  vi.spyOn(process, 'cwd').mockReturnValue(folder)
  expect(await act('--stack', 'here')).toMatchObject([{ actor: USER }])
  expect([asked(), said]).toEqual([[], ''])
})

test('the sandbox answers as STS does: the account of the key, by form or address, and no other operation', async () => {
  const sts = new STSClient({})
  const { $metadata, ...identity } = await sts.send(new GetCallerIdentityCommand({}))
  sts.destroy()
  expect(identity).toEqual({ Arn: ARN, UserId: OWN_ACCOUNT, Account: OWN_ACCOUNT })
  expect($metadata.requestId).toMatch(/^[0-9a-f-]{36}$/)
  const authorization = `AWS4-HMAC-SHA256 Credential=${OWN_ACCOUNT}/20261120/${REGION}/sts/aws4_request`
  const get = (operation: string) =>
    fetch(`${sandbox.endpoint}/?Action=${operation}&Version=2011-06-15`, { headers: { authorization } })
  expect(await (await get('GetCallerIdentity')).text()).toContain(`<Arn>${ARN}</Arn>`)
  const refused = await get('AssumeRole')
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('<Code>InvalidAction</Code>')])
})
