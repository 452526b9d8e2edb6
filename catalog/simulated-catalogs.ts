// What each domain's roles would know if a mesh were applied now for the first time. In: a mesh, the first date.
// Out: a catalog for each domain. Pure. Never: rows or a bucket; nothing is applied.
import type { DomainCatalog } from '../model/calendar/routing.ts'
import { startOfDayMs } from '../model/calendar/wall-time.ts'
import type { DefinitionVersion, ProductDefinition } from '../model/definition.ts'
import { toCatalogDocuments } from './domain-catalog.ts'
import type { Mesh } from './mesh.ts'

export function toSimulatedCatalogs(mesh: Mesh, from: string): DomainCatalog[] {
  const documents = toCatalogDocuments(
    {
      domains: mesh.domains.map((definition) => ({ version: 1, definition })),
      products: mesh.products.map((definition) => toVersion(definition, from)),
      externals: mesh.externals.map((definition) => ({ version: 1, definition })),
      calendars: mesh.calendars.map((calendar) => ({ ...calendar, version: 1 })),
    },
    [],
  )
  return documents.map((document) => ({ ...document, revision: 1 }))
}

/** Applied as the first date begins in its zone: it opens no cycle that was due before. */
function toVersion(definition: ProductDefinition, from: string): DefinitionVersion {
  const at = new Date(startOfDayMs(from, definition.timezone)).toISOString()
  return { version: 1, appliedAt: at, firstAppliedAt: at, definition }
}
