// What the stacks of a mesh are made from. In: a resolved mesh, the names of its job scripts, region, central account.
// Out: a plan, JSON-plain and sorted, so that equal meshes give equal templates. Never: imports the CDK; reads a file.
import { createHash } from 'node:crypto'
import type { Mesh } from '../catalog/mesh.ts'
import { toEventPattern } from './external-pattern.ts'
import { upstreamsIn } from '../model/dependencies.ts'
import type { ProductDefinition } from '../model/definition.ts'
import { domainOf } from '../model/ids.ts'

export interface Plan {
  region: string
  centralAccount: string
  domains: DomainPlan[]
}

export interface DomainPlan {
  domain: string
  account: string
  /** Made by this domain's stack. */
  buckets: BucketPlan[]
  /** Buckets of others, in which products that this domain depends on are published. */
  reads: string[]
  jobs: JobPlan[]
  /** Of events on the account's default bus that say that an upstream outside the mesh is there. */
  patterns: object[]
}

export interface BucketPlan {
  name: string
  /** Products are published into it, so the domain's jobs write there. */
  isPublished: boolean
  /** An external is fed by its objects. */
  tellsEventBridge: boolean
  /** Other domains whose jobs may read it. */
  readers: string[]
}

export interface JobPlan {
  /** Name of the Glue job. */
  job: string
  /** File name of its script, below `jobs/` of the domain's bucket of scripts. */
  script: string
  timeoutMinutes: number
}

export interface PlanOrder {
  mesh: Mesh
  region: string
  centralAccount: string
  /** File name of a job's script. */
  scriptOf(job: string): string
}

/** @throws Error that names what two stacks cannot both have. */
export function planMesh({ mesh, region, centralAccount, scriptOf }: PlanOrder): Plan {
  const owners = ownersOf(mesh)
  const domains = mesh.domains.map(({ domain, account }): DomainPlan => {
    requireOwnBus(domain, account, centralAccount)
    const products = mesh.products.filter(({ product }) => domainOf(product) === domain)
    const own = [...owners].flatMap(([bucket, owner]) => (owner === domain ? [bucket] : [])).sort()
    const upstreams = products.flatMap(({ dependsOn }) => upstreamsIn(dependsOn).map(({ product }) => product))
    const reads = publishedBy(mesh, upstreams).filter((bucket) => owners.get(bucket) !== domain)
    return {
      ...{ domain, account, reads },
      buckets: own.map((name) => ({ name, ...usersOf(mesh, name, domain), tellsEventBridge: isWatched(mesh, name) })),
      jobs: jobsOf(products, scriptOf),
      patterns: patternsOf(mesh, domain),
    }
  })
  return { region, centralAccount, domains }
}

/** Two plans of one hash have the same templates, as long as the stacks' own source is the same. */
export const hashOf = (plan: Plan): string => createHash('sha256').update(JSON.stringify(plan)).digest('hex')

/** A domain of that name in the central account would be given the central bus as its own. */
function requireOwnBus(domain: string, account: string, centralAccount: string): void {
  if (domain !== 'central' || account !== centralAccount) return
  throw new Error(
    `Domain "central" cannot live in the central account ${account}: both buses would be called sluice-central. ` +
      'Rename the domain, or give it another account.',
  )
}

/** By bucket, the domain whose stack makes it: who publishes into it; else the first whose job is told of it. */
function ownersOf(mesh: Mesh): Map<string, string> {
  const accounts = new Map(mesh.domains.map(({ domain, account }) => [domain as string, account]))
  const owners = new Map<string, string>()
  for (const { product, publish } of mesh.products) {
    const domain = domainOf(product)
    const [bucket] = bucketsIn([publish?.location ?? ''])
    if (bucket === undefined) continue
    const owner = owners.get(bucket) ?? domain
    if (accounts.get(owner) !== accounts.get(domain)) {
      throw new Error(
        `Bucket ${bucket} cannot be made for both ${owner} (account ${accounts.get(owner)}) and ${domain} (account ` +
          `${accounts.get(domain)}), which publish into it: give each its own location.`,
      )
    }
    owners.set(bucket, owner)
  }
  for (const { product, run } of mesh.products) {
    for (const bucket of bucketsIn(Object.values(run.arguments))) {
      if (!owners.has(bucket)) owners.set(bucket, domainOf(product))
    }
  }
  return owners
}

const bucketsIn = (texts: string[]): string[] => texts.flatMap((text) => /^s3:\/\/([^/]+)\//.exec(text)?.[1] ?? [])

function publishedBy(mesh: Mesh, products: string[]): string[] {
  const locations = mesh.products.flatMap(({ product, publish }) =>
    products.includes(product) ? [publish?.location ?? ''] : [],
  )
  return [...new Set(bucketsIn(locations))].sort()
}

/** Who depends on what is published there; who publishes into a bucket of another domain of its account too. */
function usersOf({ products }: Mesh, bucket: string, owner: string): Pick<BucketPlan, 'isPublished' | 'readers'> {
  const isIn = ({ publish }: ProductDefinition) => bucketsIn([publish?.location ?? '']).includes(bucket)
  const published = new Set<string>(products.filter(isIn).map(({ product }) => product))
  const readers = products
    .filter(
      (product) => isIn(product) || upstreamsIn(product.dependsOn).some((upstream) => published.has(upstream.product)),
    )
    .map(({ product }) => domainOf(product) as string)
  return { isPublished: published.size > 0, readers: [...new Set(readers)].filter((domain) => domain !== owner).sort() }
}

/** One job may serve several products: its limit is the longest of theirs, each run carries its own. */
function jobsOf(products: ProductDefinition[], scriptOf: PlanOrder['scriptOf']): JobPlan[] {
  const minutes = new Map<string, number>()
  for (const { run } of products) minutes.set(run.glue, Math.max(minutes.get(run.glue) ?? 0, run.timeoutMinutes))
  return [...minutes]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([job, timeoutMinutes]) => ({ job, script: scriptOf(job), timeoutMinutes }))
}

const isWatched = ({ externals }: Mesh, bucket: string): boolean =>
  externals.some(({ mappings }) =>
    mappings.some(({ source, where }) => source === 'aws.s3' && where['detail.bucket.name'] === bucket),
  )

/** Each once; what Glue tells of its runs comes by a rule that the domain has anyway. */
function patternsOf({ externals }: Mesh, domain: string): object[] {
  const patterns = externals
    .filter(({ product }) => domainOf(product) === domain)
    .flatMap(({ mappings }) => mappings.filter(({ source }) => source !== 'aws.glue').map(toEventPattern))
  return [...new Map(patterns.map((pattern) => [JSON.stringify(pattern), pattern])).values()]
}
