// Puts a mesh onto a local stack, as a deployment would on AWS. In: its folder and the servers. Out: migrated database,
// logins, buses, queues, buckets, jobs; definitions applied. May run again: every step is idempotent.

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { S3Client } from '@aws-sdk/client-s3'
import { applyMesh } from '../../catalog/apply-mesh.ts'
import { checkMesh } from '../../catalog/check-mesh.ts'
import type { Mesh } from '../../catalog/mesh.ts'
import { toPlanLines } from '../../catalog/plan-words.ts'
import { type Problem, toProblemText } from '../../catalog/problem.ts'
import { type ParsedMesh, readMesh } from '../../catalog/read-mesh.ts'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { SANDBOX_KINDS, scriptPlaces, toPlan } from '../../infra/read-plan.ts'
import { ensureDomainRole, hasDomainRole } from '../../mirror/domain-role.ts'
import { migrate } from '../../mirror/migrate.ts'
import { type Domain, domainOf } from '../../model/ids.ts'
import { clientOptions } from '../../sandbox/cloudformation/account.ts'
import { deployStacks } from '../../sandbox/cloudformation/deploy.ts'
import { toCount } from '../output.ts'
import { CENTRAL, REGION } from '../stack-environment.ts'
import { findTemplates } from './templates.ts'
import { type JobScript, uploadScripts } from './upload-scripts.ts'

export const CENTRAL_ACCOUNT = '999999999999'
export const CATALOG_BUCKET = 'sluice-catalog'
/** Runs of one job at a time: the demo's five dates may all be due together. */
const MAX_CONCURRENT_RUNS = 8
const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))

export interface Deployment {
  awsEndpoint: string
  databaseUrl: string
  /** Definition files; Glue scripts are in `jobs/` in or beside it, named like the job. */
  meshFolder: string
  actor: string
  /** Templates made already; absent: the committed ones, or made now and kept. */
  templatesFolder?: string
  /** Where templates made now are kept. */
  templatesCache: string
  /** Tells what takes long. */
  say?: (line: string) => void
  /** Of the domains' database logins; one made up for each unless told. */
  loginPassword?: string
}

export interface Deployed {
  mesh: Mesh
  accounts: Record<string, string>
  databaseUrls: Record<string, string>
}

export async function deployMesh(order: Deployment): Promise<Deployed> {
  const { parsed, mesh, plan, jobs } = await readDeployable(order.meshFolder)
  const stacks = await findTemplates({ ...order, plan })
  const parameters = { CatalogBucket: CATALOG_BUCKET, MaxConcurrentRuns: MAX_CONCURRENT_RUNS }
  const changes = await deployStacks({ endpoint: order.awsEndpoint, stacks, parameters })
  for (const { change, type, logicalId, stack } of changes)
    if (change === 'removed' || change === 'retained')
      order.say?.(`${change}: ${type} ${logicalId}, which stack ${stack} no longer names`)
  await uploadScripts({ endpoint: order.awsEndpoint, region: REGION }, jobs)
  const databaseUrls = await prepareDatabase(order, mesh, parsed)
  const accounts = Object.fromEntries(mesh.domains.map(({ domain, account }) => [domain as string, account]))
  return { mesh, accounts: { [CENTRAL]: CENTRAL_ACCOUNT, ...accounts }, databaseUrls }
}

/** What can be known before a server runs. @throws Error that names every problem of the definitions, or a missing script. */
export async function readDeployable(meshFolder: string) {
  const parsed = await readMesh(meshFolder)
  const mesh = requireValid(parsed, meshFolder)
  const jobs = jobsOf(mesh, meshFolder)
  const place = { region: REGION, centralAccount: CENTRAL_ACCOUNT, kinds: SANDBOX_KINDS }
  return { parsed, mesh, jobs, plan: toPlan(mesh, meshFolder, place) }
}

function requireValid(parsed: ParsedMesh, folder: string): Mesh {
  const checked = checkMesh(parsed)
  if (checked.kind === 'invalid') throw new Error(toMessage(folder, checked.problems))
  if (!checked.mesh || checked.mesh.domains.length === 0) {
    throw new Error(
      `The mesh in ${folder} is not complete by itself: a local stack needs all its domains and products.`,
    )
  }
  return checked.mesh
}

const toMessage = (folder: string, problems: Problem[]): string =>
  [`The definitions in ${folder} have ${toCount(problems.length, 'problem')}:`, ...problems.map(toProblemText)].join(
    '\n  ',
  )

async function prepareDatabase(order: Deployment, mesh: Mesh, parsed: ParsedMesh): Promise<Record<string, string>> {
  const db = openPostgres(order.databaseUrl, { applicationName: 'sluice local stack' })
  const s3 = new S3Client(clientOptions({ endpoint: order.awsEndpoint, region: REGION }, CENTRAL_ACCOUNT))
  try {
    await migrate(db, MIGRATIONS)
    const urls: Record<string, string> = {}
    for (const { domain } of mesh.domains) urls[domain] = await lendLogin(db, order, domain)
    const reason = 'first definitions of the local stack'
    const applied = await applyMesh({ db, s3, bucket: CATALOG_BUCKET, mesh: parsed, actor: order.actor, reason })
    if (applied.kind === 'refused') throw new Error(toMessage(order.meshFolder, applied.problems))
    // A definition that stays opens cycles, also of a product whose job was just removed.
    for (const line of toPlanLines(applied.plan)) if (line.startsWith('!')) order.say?.(line)
    return urls
  } finally {
    await db.end()
    s3.destroy()
  }
}

/**
 * The database as the domain's login, made now. One that is there already is in use, by a stack or an installation on the
 * same server: its password is not ours to change, so roles of this stack use the owner's URL.
 */
async function lendLogin(db: Postgres, order: Deployment, domain: Domain): Promise<string> {
  const { databaseUrl, loginPassword } = order
  if (loginPassword === undefined && (await hasDomainRole(db, domain))) return databaseUrl
  const password = loginPassword ?? randomBytes(18).toString('base64url')
  const username = await ensureDomainRole(db, domain, password)
  return Object.assign(new URL(databaseUrl), { username, password }).href
}

function jobsOf(mesh: Mesh, meshFolder: string): JobScript[] {
  const accounts = new Map(mesh.domains.map(({ domain, account }) => [domain, account]))
  return mesh.products.map(({ product, run }) => ({
    account: accounts.get(domainOf(product)) ?? CENTRAL_ACCOUNT,
    job: run.glue,
    file: requireScript(meshFolder, run.glue),
  }))
}

function requireScript(meshFolder: string, job: string): string {
  const files = scriptPlaces(meshFolder, job, SANDBOX_KINDS)
  const file = files.find((candidate) => existsSync(candidate))
  if (file) return file
  throw new Error(`Glue job "${job}" has no script. The local stack looks for ${files.join(', ')}: write one of them.`)
}
