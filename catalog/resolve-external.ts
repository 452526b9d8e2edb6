import type { DomainDefinition, ExternalDefinition } from '../model/definition.ts'
import type { ExternalFile } from '../model/external-file.schema.ts'

export function toExternalDefinition(file: ExternalFile, domain: DomainDefinition): ExternalDefinition {
  throw new Error(`${file.external} of ${domain.domain}`)
}
