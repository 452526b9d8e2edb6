// Which templates a mesh is deployed from: those committed, those named, those made by the CDK in a process of its own and
// kept. And what such templates make: two domains may share an account, each with its own bus and queue.
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { GetQueueUrlCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { execFile } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readDeployable } from '../../cli/dev/deploy-mesh.ts'
import { findTemplates } from '../../cli/dev/templates.ts'
import { namesOf } from '../../clients/config.ts'
import { CENTRAL_BUS, toBusArn } from '../../infra/events.ts'
import { EXAMPLE, TEMPLATES } from '../../infra/example.ts'
import { startSandbox } from '../../sandbox/aws/server.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { deployStacks } from '../../sandbox/cloudformation/deploy.ts'

const EXAMPLE_MESH = fileURLToPath(new URL('../../examples/mesh', import.meta.url))
const TEMPLATES_MODULE = new URL('../../cli/dev/templates.ts', import.meta.url).href
const MESH_MODULE = new URL('../../cli/dev/deploy-mesh.ts', import.meta.url).href
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** A user that owns nothing. */
const NOBODY = 65_534
/** The account of both domains. */
const SHARED = '444444444444'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-templates-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Domains a and b in one account; b waits for a. */
function writeSharedMesh(name: string): string {
  const mesh = path.join(folder, name)
  mkdirSync(path.join(mesh, 'jobs'), { recursive: true })
  const toDomain = (domain: string) => ({
    ...{ domain, sluice: 1, account: SHARED, owner: { team: 'x', email: 'x@example.com' } },
    ...{ calendar: 'weekdays', timezone: 'UTC', location: `s3://example-${domain}-products/` },
  })
  const toProduct = (product: string, glue: string, dependsOn: string[]) => ({
    ...{ product, visibility: 'mesh', every: 'day', dependsOn, run: { glue } },
  })
  const documents = [
    ...['a', 'b'].map(toDomain),
    toProduct('a/one', 'a-one', []),
    toProduct('b/two', 'b-two', ['a/one']),
  ]
  writeFileSync(path.join(mesh, 'mesh.yaml'), documents.map((document) => JSON.stringify(document)).join('\n---\n'))
  for (const job of ['a-one', 'b-two']) writeFileSync(path.join(mesh, 'jobs', `${job}.sql`), 'select 1 as one\n')
  return mesh
}

/** As a deployment asks; `said` has a line when the CDK was put to work. */
async function find(meshFolder: string, cache: string, templatesFolder?: string) {
  const said: string[] = []
  const { plan } = await readDeployable(meshFolder)
  const stacks = await findTemplates({
    ...{ plan, meshFolder, templatesCache: path.join(folder, cache), say: (line: string) => void said.push(line) },
    ...(templatesFolder === undefined ? {} : { templatesFolder }),
  })
  return { said, stacks: stacks.map(({ stack }) => stack), all: stacks }
}

test('the example is deployed from what is committed', async () => {
  const { said, stacks } = await find(EXAMPLE_MESH, 'unused')
  expect(stacks).toEqual(['sluice-central', 'sluice-domain-d1', 'sluice-domain-d2', 'sluice-domain-raw'])
  expect(said).toEqual([])
})

test('another mesh gets its own, made once and kept until it changes', async () => {
  const mesh = writeSharedMesh('kept')
  const first = await find(mesh, 'kept-cache')
  expect(first.stacks).toEqual(['sluice-central', 'sluice-domain-a', 'sluice-domain-b'])
  expect(first.said).toHaveLength(1)
  expect((await find(mesh, 'kept-cache')).said).toEqual([])
  writeFileSync(path.join(mesh, 'jobs', 'b-two.ts'), 'export {}\n')
  rmSync(path.join(mesh, 'jobs', 'b-two.sql'))
  expect((await find(mesh, 'kept-cache')).said).toHaveLength(1)
  expect(readdirSync(path.join(folder, 'kept-cache'))).toHaveLength(2)
})

test('a folder that is named is taken if it is of this mesh, else refused with the command that makes it', async () => {
  const named = fileURLToPath(TEMPLATES)
  expect((await find(EXAMPLE_MESH, 'unused', named)).stacks).toHaveLength(4)
  const mesh = writeSharedMesh('named')
  await expect(find(mesh, 'unused', named)).rejects.toThrow(
    /has no templates of this mesh as it is now\. Make them: node infra\/app\.ts --mesh .*named --out /,
  )
  await expect(find(mesh, 'unused', path.join(folder, 'absent'))).rejects.toThrow(/has no templates of this mesh/)
})

test('where the CDK is not installed, the example is deployed all the same, and another mesh says what to do', async () => {
  const mesh = writeSharedMesh('without')
  const hook = `import { registerHooks } from 'node:module'
    registerHooks({ resolve(name, context, next) {
      if (/^(aws-cdk-lib|constructs|cdk-nag)/.test(name)) throw Object.assign(new Error('absent'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(name, context) } })
    const { findTemplates } = await import(${JSON.stringify(TEMPLATES_MODULE)})
    const { readDeployable } = await import(${JSON.stringify(MESH_MODULE)})
    for (const meshFolder of ${JSON.stringify([EXAMPLE_MESH, mesh])}) {
      const { plan } = await readDeployable(meshFolder)
      const found = findTemplates({ plan, meshFolder, templatesCache: ${JSON.stringify(path.join(folder, 'none'))} })
      console.log(await found.then((stacks) => stacks.length + ' stacks', (error) => error.message))
    }`
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', hook]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const [example, other] = stdout.trim().split('\n')
  expect(example).toBe('4 stacks')
  expect(other).toContain('aws-cdk-lib, which makes them, is not installed here. Where it is: node infra/app.ts --mesh')
  expect(other).toContain(`sluice dev deploy ${mesh} --templates templates`)
})

test('a mesh that cannot be made into stacks fails with the reason', async () => {
  const mesh = writeSharedMesh('broken')
  const { plan } = await readDeployable(mesh)
  rmSync(path.join(mesh, 'mesh.yaml'))
  const order = { plan, meshFolder: mesh, templatesCache: path.join(folder, 'broken-cache') }
  await expect(findTemplates(order)).rejects.toThrow(/Could not make the templates of .*broken/)
})

test('a user who may write only what the Dockerfile gives them makes templates of a mesh that is read-only', async (context) => {
  const stage = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8')
    .split(/^FROM /m)
    .find((text) => text.includes('AS sandbox'))
  const [, given] = /\nRUN install -d -o node -g node (\S+)\n(?:.*\n)*?USER node\n/.exec(stage ?? '') ?? []
  expect(given).toBeDefined()
  const image = path.join(folder, 'image')
  mkdirSync(path.join(image, String(given)), { recursive: true })
  chmodSync(folder, 0o755)
  const mesh = writeSharedMesh('read-only')
  const node = path.join(folder, 'node')
  if (process.getuid?.() !== 0) return context.skip('only root can be another user')
  // Root's own folders are closed to others, and Node may be in one.
  copyFileSync(process.execPath, node)
  chownSync(path.join(image, String(given)), NOBODY, NOBODY)
  const asNobody = { cwd: image, uid: NOBODY, gid: NOBODY }
  const canRead = await promisify(execFile)(node, ['-e', `fs.readdirSync(${JSON.stringify(ROOT)})`], asNobody).catch(
    () => undefined,
  )
  if (!canRead) return context.skip('the project lies in a folder that is closed to others')
  const sandbox = await startSandbox()
  try {
    const env = { HOME: '/nowhere', AWS_ENDPOINT_URL: sandbox.endpoint, DATABASE_URL: 'postgres://x@127.0.0.1:1/x' }
    const deploying = promisify(execFile)(node, [path.join(ROOT, 'cli/main.ts'), 'dev', 'deploy', mesh], {
      ...asNobody,
      env,
    })
    // The stacks are deployed by then.
    await expect(deploying).rejects.toThrow('Could not connect to PostgreSQL')
  } finally {
    await sandbox.close()
  }
  expect(readdirSync(path.join(image, '.sluice', 'templates'))).toHaveLength(1)
})

test('two domains in one account: each gets the central bus and its own bus, not the other’s', async () => {
  const { all } = await find(writeSharedMesh('shared'), 'shared-cache')
  const sandbox = await startSandbox()
  try {
    const { endpoint } = sandbox
    await deployStacks({ endpoint, stacks: all, parameters: { MaxConcurrentRuns: 8, CatalogBucket: 'catalog' } })
    const options = clientOptions({ endpoint, region: EXAMPLE.region }, SHARED)
    const events = new EventBridgeClient(options)
    const sqs = new SQSClient(options)
    const busOf = (domain: string): string => namesOf(domain).domainBusName
    const toEntry = (EventBusName: string, domain: string) => ({
      ...{ EventBusName, Source: `dataproduct.${domain}`, DetailType: 'Data Product Refreshed' },
      Detail: JSON.stringify({ metadata: { id: `${EventBusName} ${domain}` } }),
    })
    const central = toBusArn(EXAMPLE.region, EXAMPLE.centralAccount, CENTRAL_BUS)
    const Entries = [toEntry(central, 'a'), toEntry(busOf('a'), 'a'), toEntry(busOf('b'), 'b')]
    expect((await events.send(new PutEventsCommand({ Entries }))).FailedEntryCount).toBe(0)
    const idsIn = async (domain: string): Promise<string[]> => {
      const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: namesOf(domain).queueName }))
      const request = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(request))
      return Messages.map(({ Body = '' }) => (JSON.parse(Body) as Told).detail.metadata.id).sort()
    }
    expect(await idsIn('a')).toEqual([`${busOf('a')} a`, `${central} a`].sort())
    expect(await idsIn('b')).toEqual([`${central} a`, `${busOf('b')} b`].sort())
    events.destroy()
    sqs.destroy()
  } finally {
    await sandbox.close()
  }
})

interface Told {
  detail: { metadata: { id: string } }
}
