// The match rules of the files, and of applied products that wait for something in the files, tried out (rules.ts).
// Never: a product checked by calendars that are not those it will go by.
import type { ProductSchedule, Timetable } from '../model/calendar/cycles.ts'
import { upstreamsIn } from '../model/dependencies.ts'
import type { ExternalDefinition, ProductDefinition } from '../model/definition.ts'
import type { CheckOptions } from './check-mesh.ts'
import type { ChosenCalendars } from './choose-calendars.ts'
import { upstreamsOf } from './dependencies.ts'
import type { Products } from './edges.ts'
import type { Graph } from './graph.ts'
import type { Problem } from './problem.ts'
import { createRuleCheck, type RuleFault } from './rules.ts'
import { isSame } from './stable-json.ts'

interface RuleChecks {
  /** All that will be there: what is pruned is not. */
  graph: Graph
  /** The products of the files. */
  resolved: ProductDefinition[]
  products: Products
  externals: ExternalDefinition[]
  calendars: ChosenCalendars
  options: CheckOptions
  today: string
  problems: Problem[]
  notes: Problem[]
}

export function checkRules(checks: RuleChecks): void {
  const { graph, resolved, products, externals, options, calendars, today } = checks
  const applied = (options.current?.products ?? [])
    .map(({ definition }) => definition)
    .filter(({ product }) => graph.has(product))
  const schedules = new Map<string, ProductSchedule>(
    [
      ...applied,
      ...(options.current?.externals ?? []).map(({ definition }) => definition),
      ...externals,
      ...resolved,
    ].map((definition) => [definition.product, toSchedule(definition)]),
  )
  const timetable: Timetable = { calendars: calendars.calendars, scheduleOf: (product) => schedules.get(product) }
  const faultsOf = createRuleCheck({ timetable, adHoc: calendars.adHoc, today })
  for (const definition of resolved) {
    const placed = products.get(definition.product)
    if (placed) for (const fault of faultsOf(definition)) tell(checks, fault, placeOfEdge(placed, fault))
  }
  // Applied ones that stay: their faults are told at the upstream that the files change.
  for (const definition of applied.filter(({ product }) => !products.has(product))) {
    if (!upstreamsIn(definition.dependsOn).some(({ product }) => products.has(product))) continue
    for (const fault of faultsOf(definition)) {
      const placed = products.get(fault.upstream.product)
      const message = `${definition.product} (applied) waits for it: ${fault.message}`
      if (placed) tell(checks, { ...fault, message }, placed.placeOf(['product']))
    }
  }
}

const toSchedule = ({ every, calendar, timezone, onNonBusinessDay }: ProductSchedule): ProductSchedule => ({
  ...{ every, calendar, timezone },
  ...(onNonBusinessDay ? { onNonBusinessDay } : {}),
})

function placeOfEdge(
  { file, placeOf }: Products extends ReadonlyMap<string, infer P> ? P : never,
  { upstream }: RuleFault,
) {
  const edge = upstreamsOf(file).find((one) => isSame(one.upstream, upstream))
  return placeOf(edge?.path ?? ['product'])
}

function tell({ problems, notes }: RuleChecks, { isNote, message }: RuleFault, place: Omit<Problem, 'message'>): void {
  const list = isNote ? notes : problems
  list.push({ ...place, message })
}
