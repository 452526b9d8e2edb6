// In: products with their upstreams. Out: a folder of definition files and scripts that deploys as any other mesh.
// Raw products have no upstreams and are published by the bench itself; no role of their domain runs.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Name of a product of the measured domain, and the full ids of its upstreams. */
export type Shape = Record<string, string[]>

export const DOMAIN = 'b1'
export const RAW = 'raw'
export const RAW_ACCOUNT = '111111111111'
const ACCOUNT = '222222222222'

export const ours = (name: string): string => `${DOMAIN}/${name}`
export const raw = (name: string): string => `${RAW}/${name}`

/** `extraRaw`: known to the mesh, and nobody waits for them. */
export function writeMesh(folder: string, shape: Shape, extraRaw: readonly string[] = []): void {
  mkdirSync(path.join(folder, 'jobs'), { recursive: true })
  const upstreams = Object.values(shape).flat()
  const rawNames = [...new Set([...upstreams.filter((id) => id.startsWith(`${RAW}/`)), ...extraRaw.map(raw)])]
  const products = [
    ...rawNames.map((id) => toProduct(id, [], `${RAW}-feed`)),
    ...Object.entries(shape).map(toOwnProduct),
  ]
  const documents = [toDomain(RAW, RAW_ACCOUNT), toDomain(DOMAIN, ACCOUNT), ...products]
  writeFileSync(path.join(folder, 'mesh.yaml'), documents.map((document) => JSON.stringify(document)).join('\n---\n'))
  for (const job of new Set(products.map(({ run }) => run.glue)))
    writeFileSync(path.join(folder, 'jobs', `${job}.sql`), 'select 1 as one\n')
}

/** A stack holds 500 resources at most, so products share jobs; few runs of a job are in one page of Glue's answer. */
const JOBS = 40

const toOwnProduct = ([name, upstreams]: [string, string[]], at: number) =>
  toProduct(ours(name), upstreams, `${DOMAIN}-job${(at % JOBS) + 1}`)

const toProduct = (product: string, dependsOn: string[], glue: string) => ({
  product,
  ...{ visibility: 'mesh', every: 'day', dependsOn, run: { glue } },
})

const toDomain = (domain: string, account: string) => ({
  domain,
  ...{ sluice: 1, account, owner: { team: 'bench', email: 'bench@example.com' } },
  ...{ calendar: 'weekdays', timezone: 'UTC', location: `s3://example-${domain}-products/` },
})
