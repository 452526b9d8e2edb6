// The upstreams outside the mesh that the files declare. In: their documents. Out: them resolved, or what is wrong.
import type { DomainDefinition, ExternalDefinition } from '../model/definition.ts'
import { domainOf, type ProductId } from '../model/ids.ts'
import { checkCalendar, type ChosenCalendars } from './choose-calendars.ts'
import type { Products } from './edges.ts'
import type { Problem } from './problem.ts'
import type { ParsedMesh } from './read-mesh.ts'
import { toExternalDefinition } from './resolve-external.ts'

interface ExternalChecks {
  parsed: ParsedMesh
  definitions: ReadonlyMap<string, DomainDefinition>
  products: Products
  calendars: ChosenCalendars
  problems: Problem[]
}

export function checkExternals({
  parsed,
  definitions,
  products,
  calendars,
  problems,
}: ExternalChecks): ExternalDefinition[] {
  const found = new Map<string, ExternalDefinition>()
  for (const placed of parsed.externals) {
    const { file, placeOf } = placed
    const name = file.external as ProductId
    const domain = definitions.get(domainOf(name))
    const add = (message: string): void => void problems.push({ ...placeOf(['external']), message })
    checkCalendar(placed, calendars, problems)
    if (!domain) add(`there is no domain "${domainOf(name)}" in these files; write its domain.yaml beside it`)
    else if (products.has(name)) add(`${name} is a product already; an external needs a name of its own`)
    else if (found.has(name)) add(`external "${name}" is defined already`)
    else found.set(name, toExternalDefinition(file, domain))
  }
  return [...found.values()]
}
