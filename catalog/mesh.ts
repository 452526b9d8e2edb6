// What a mesh is once it is resolved, and what of it is applied already. JSON-plain.
import type { DefinitionVersion, DomainDefinition, ProductDefinition } from '../model/definition.ts'

/** What folders of definition files say, every default filled in; sorted by name. */
export interface Mesh {
  domains: DomainDefinition[]
  products: ProductDefinition[]
}

/** What is applied: the current version of everything. */
export interface CurrentMesh {
  domains: DomainVersion[]
  products: DefinitionVersion[]
  /** Highest version ever given to a product, removed ones included: versions are not used twice. */
  lastVersions: Record<string, number>
}

export interface DomainVersion {
  version: number
  definition: DomainDefinition
}

export const NOTHING_APPLIED: CurrentMesh = { domains: [], products: [], lastVersions: {} }
