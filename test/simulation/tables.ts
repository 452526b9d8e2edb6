// The rows of the mirror's tables, in memory. In: the mesh, whose definitions are rows too. Out: empty tables.
// Never: a row under two keys.
import { upstreamsIn } from '../../model/dependencies.ts'
import type { Held } from '../../model/cycle/cycle.ts'
import type { Mesh } from './mesh.ts'

export type Row = Record<string, unknown>

export interface Tables {
  status: Map<string, Row>
  history: Map<string, Row>
  dependencies: Map<string, Row>
  dependencyHistory: Map<string, Row>
  ledger: Map<string, Row>
  deliveries: Map<string, Row>
  actions: Map<string, Row>
  /** `product_hold`, by product. */
  holds: Map<string, Held>
  /** Whether this version of its definition wants to know corrections of an input. */
  wantsCorrections(product: string, version: number, upstream: string): boolean
}

export const createTables = (mesh: Mesh): Tables => ({
  ...{ status: new Map(), history: new Map(), dependencies: new Map(), dependencyHistory: new Map() },
  ...{ ledger: new Map(), deliveries: new Map(), actions: new Map(), holds: new Map() },
  wantsCorrections: (product, version, upstream) =>
    mesh
      .everApplied()
      .some(
        (one) =>
          (one.definition.product as string) === product &&
          one.version === version &&
          upstreamsIn(one.definition.dependsOn).some(
            (edge) => (edge.product as string) === upstream && edge.onRevision !== 'ignore',
          ),
      ),
})

export const toKey = (...parts: unknown[]): string => parts.map(String).join(' ')
export const rowsOf = (parameter: unknown): Row[] => JSON.parse(String(parameter)) as Row[]
export const isNewer = (old: Row | undefined, runNumber: number, version: number): boolean =>
  !old ||
  Number(old['runNumber']) < runNumber ||
  (Number(old['runNumber']) === runNumber && Number(old['version']) < version)
