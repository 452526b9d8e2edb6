// Definition files as tests write them. In: texts by the name of the file. Out: what the catalog says of them.
import type { ExternalDefinition } from '../model/definition.ts'
import type { ProductId } from '../model/ids.ts'
import { type CheckOptions, checkMesh } from './check-mesh.ts'
import type { Mesh } from './mesh.ts'
import { toProblemText } from './problem.ts'
import { type ParsedMesh, parseMesh } from './read-mesh.ts'

export type Files = Record<string, string>

export const domainText = (domain = 'd1', change: [string, string] = ['', '']): string =>
  `domain: ${domain}
sluice: 1
account: "222222222222"
owner: { team: wealth-data, email: wealth-data@example.com }
calendar: weekdays
timezone: America/New_York
location: s3://example-${domain}-products/
`.replace(...change)

/** Three lines: what a product needs at least when its domain has a location. */
export const productText = (product: string, more = '', every = 'day'): string =>
  `product: ${product}\nevery: ${every}\nrun: { glue: job }\n${more}`

export const parse = (files: Files): ParsedMesh =>
  parseMesh(Object.entries(files).map(([file, text]) => ({ file, text })))

/** An upstream outside the mesh, resolved. */
export const externalOf = (product: string, change: Partial<ExternalDefinition> = {}): ExternalDefinition => ({
  ...{ product: product as ProductId, description: 'Vendor closes', every: 'business-day', calendar: 'weekdays' },
  ...{ timezone: 'America/New_York', mappings: [] },
  ...change,
})

/** From here on match rules are tried out. */
const TODAY = '2026-11-20'

/** Every problem as a terminal shows it; empty when there is none. */
export function problemsIn(files: Files, options: CheckOptions = {}): string[] {
  const checked = checkMesh(parse(files), { today: TODAY, ...options })
  return checked.kind === 'invalid' ? checked.problems.map(toProblemText) : []
}

export const notesIn = (files: Files, options: CheckOptions = {}): string[] =>
  checkMesh(parse(files), { today: TODAY, ...options }).notes.map(toProblemText)

/** @throws when the files have problems. */
export function meshOf(files: Files, options: CheckOptions = {}): Mesh {
  const checked = checkMesh(parse(files), { today: TODAY, ...options })
  if (checked.kind === 'invalid') throw new Error(checked.problems.map(toProblemText).join('\n'))
  if (!checked.mesh) throw new Error('Not complete by itself.')
  return checked.mesh
}
