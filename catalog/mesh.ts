// What a mesh is once it is resolved, and what of it is applied already. JSON-plain.
import type { CalendarDefinition } from '../model/calendar/calendars.ts'
import type { CalendarFile } from '../model/calendar/rules/calendar-file.ts'
import type { DefinitionVersion, DomainDefinition, ExternalDefinition, ProductDefinition } from '../model/definition.ts'

/** What folders of definition files say, every default filled in; sorted by name. */
export interface Mesh {
  domains: DomainDefinition[]
  products: ProductDefinition[]
  externals: ExternalDefinition[]
  /** Those that anything here goes by, and those that the files define. */
  calendars: MeshCalendar[]
}

export interface MeshCalendar {
  definition: CalendarDefinition
  /** `shipped` with Sluice, unless a file of the mesh defines it. */
  from: 'shipped' | 'files'
  /** The document of one from files, so that it is built again when what it extends changes; absent: it never is. */
  file?: CalendarFile
}

/** What is applied: the current version of everything. */
export interface CurrentMesh {
  domains: DomainVersion[]
  products: DefinitionVersion[]
  externals: ExternalVersion[]
  calendars: CalendarVersion[]
  /** Highest version ever given to a product, external or calendar, removed ones included: versions are not used twice. */
  lastVersions: Record<string, number>
}

export interface DomainVersion {
  version: number
  definition: DomainDefinition
}

export interface ExternalVersion {
  version: number
  definition: ExternalDefinition
}

export interface CalendarVersion extends MeshCalendar {
  version: number
}

export const NOTHING_APPLIED: CurrentMesh = {
  ...{ domains: [], products: [], externals: [], calendars: [] },
  lastVersions: {},
}
