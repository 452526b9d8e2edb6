// The mesh that faults are tried on, written as definition files. In: a folder, how many lanes. Out: files to deploy.
// A lane is one diamond over two domains; lanes share nothing, so each (lane, business date) is a walk of its own.
// Never: a product of `raw` that runs: its events are put by the test, so it needs no roles.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const ACCOUNTS = { raw: '111111111111', d1: '222222222222', d2: '333333333333' } as const
/** Domains that have roles. */
export const DOMAINS = ['d1', 'd2'] as const
export type ChaosDomain = (typeof DOMAINS)[number]

interface Product {
  name: string
  visibility: 'domain' | 'mesh'
  dependsOn: string[]
}

/** In the order in which they refresh. */
const productsOf = (lane: number): Product[] => [
  { name: `d1/left-${lane}`, visibility: 'domain', dependsOn: [`raw/one-${lane}`] },
  { name: `d1/right-${lane}`, visibility: 'domain', dependsOn: [`raw/two-${lane}`] },
  { name: `d1/join-${lane}`, visibility: 'mesh', dependsOn: [`d1/left-${lane}`, `d1/right-${lane}`] },
  { name: `d2/end-${lane}`, visibility: 'mesh', dependsOn: [`d1/join-${lane}`, `raw/two-${lane}`] },
]

/** One business date of one lane. */
export interface Walk {
  lane: number
  key: string
}

/** Cycles of a walk, by their place in the diamond. */
export const leftOf = ({ lane, key }: Walk): string => `d1/left-${lane}/${key}`
export const rightOf = ({ lane, key }: Walk): string => `d1/right-${lane}/${key}`
export const joinOf = ({ lane, key }: Walk): string => `d1/join-${lane}/${key}`
export const endOf = ({ lane, key }: Walk): string => `d2/end-${lane}/${key}`

export const rawProducts = ({ lane }: Walk): string[] => [`raw/one-${lane}`, `raw/two-${lane}`]

export interface ExpectedCycle {
  cycle: string
  upstreams: string[]
}

/** The cycles that a walk must complete, each exactly once. */
export const cyclesOf = ({ lane, key }: Walk): ExpectedCycle[] =>
  productsOf(lane).map(({ name, dependsOn }) => ({
    cycle: `${name}/${key}`,
    upstreams: dependsOn.map((upstream) => `${upstream}/${key}`),
  }))

export interface MeshOrder {
  /** What corrections of inputs do, in every product; unless told, what they do where a definition says nothing. */
  onRevision?: 'rerun'
}

/** Returns the folder of the definitions. */
export function writeMesh(folder: string, lanes: number, order: MeshOrder = {}): string {
  const mesh = path.join(folder, 'mesh')
  for (const [domain, account] of Object.entries(ACCOUNTS)) {
    write(path.join(mesh, domain, 'domain.yaml'), toDomainFile(domain, account))
  }
  for (let lane = 0; lane < lanes; lane += 1) {
    for (const name of rawProducts({ lane, key: '' }))
      writeProduct(mesh, { name, visibility: 'mesh', dependsOn: [] }, order)
    for (const product of productsOf(lane)) writeProduct(mesh, product, order)
  }
  return mesh
}

const toDomainFile = (domain: string, account: string): string =>
  [
    ...[`domain: ${domain}`, 'sluice: 1', `account: "${account}"`, 'calendar: weekdays', 'timezone: UTC'],
    ...[`owner: { team: ${domain}-data, email: ${domain}@example.com }`, `location: s3://chaos-${domain}-products/`],
    '',
  ].join('\n')

function writeProduct(mesh: string, { name, visibility, dependsOn }: Product, { onRevision }: MeshOrder): void {
  const toEdge = (product: string): string =>
    onRevision ? `{ product: ${product}, onRevision: ${onRevision} }` : product
  const job = name.replace('/', '-')
  write(
    path.join(mesh, `${name}.yaml`),
    [
      ...[`product: ${name}`, `description: ${name} of the fault suite`, `visibility: ${visibility}`, 'every: day'],
      ...(dependsOn.length > 0 ? [`dependsOn: [${dependsOn.map(toEdge).join(', ')}]`] : []),
      ...(onRevision ? ['settle: 1s'] : []),
      `run: { glue: ${job}, attempts: 2, retryAfter: 1s, timeout: 10m }`,
      '',
    ].join('\n'),
  )
  // Runs go by the stage's timeline; should a fault take that switch's turn, this one succeeds at once.
  write(path.join(mesh, 'jobs', `${job}.ts`), 'export {}\n')
}

function write(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}
