// In: the documents read, and what is applied already (absent: offline). Out: the resolved mesh, or every problem.
// Never: a message without the place in the files that a person must change.

import { upstreamsIn } from '../model/dependencies.ts'
import type { ProductFile } from '../model/definition.schema.ts'
import type {
  CutoffAction,
  DependencyDefinition,
  DomainDefinition,
  ExternalDefinition,
  ProductDefinition,
} from '../model/definition.ts'
import { type Domain, domainOf, type ProductId } from '../model/ids.ts'
import { didYouMean } from '../model/nearest.ts'
import { checkCycles, notesOnCalendars } from './check-calendars.ts'
import { checkCalendar, chooseCalendars, usedCalendars } from './choose-calendars.ts'
import { toDependencies, upstreamsOf } from './dependencies.ts'
import { checkEdges, type Products } from './edges.ts'
import { answerEvery, atSameTime, findDeadlocks, findLoops, type Graph, type GraphProduct } from './graph.ts'
import type { CurrentMesh, Mesh } from './mesh.ts'
import { type Problem, sortProblems } from './problem.ts'
import type { ParsedMesh, Placed } from './read-mesh.ts'
import { checkExternals } from './check-externals.ts'
import { checkRules } from './check-rules.ts'
import { everyOf, faultsBetweenKeys, toDomainDefinition, toProductDefinition } from './resolve.ts'

export interface CheckOptions {
  /** What is applied; absent when nobody can be asked: then what other folders hold is a note, not a problem. */
  current?: CurrentMesh
  /** Products of these domains that have no file any more are to go. */
  prune?: boolean
  /** From which date the rules are tried out, as ISO text; else today. */
  today?: string
}

export type CheckedMesh =
  /** `mesh` is null when how often a product refreshes stands in files of another folder. */
  { kind: 'valid'; mesh: Mesh | null; notes: Problem[] } | { kind: 'invalid'; problems: Problem[]; notes: Problem[] }

/** All that one document alone cannot show: names, calendars, edges, loops, visibility, how often, rules. */
export function checkMesh(parsed: ParsedMesh, options: CheckOptions = {}): CheckedMesh {
  const problems = [...parsed.problems]
  const notes: Problem[] = []
  const domains = firstOfEach(parsed.domains, ({ domain }) => domain, 'domain', problems)
  const products = firstOfEach(parsed.products, ({ product }) => product, 'product', problems)
  const definitions = new Map([...domains].map(([name, { file }]) => [name, toDomainDefinition(file)]))
  const calendars = chooseCalendars(parsed, options)
  const today = options.today ?? new Date().toISOString().slice(0, 10)
  problems.push(...calendars.problems)
  notes.push(...calendars.notes, ...notesOnCalendars(parsed.calendars, calendars.calendars, today))
  for (const domain of domains.values()) checkCalendar(domain, calendars, problems)
  for (const product of products.values()) {
    checkCalendar(product, calendars, problems)
    checkProduct(product, definitions, parsed, problems)
  }
  const externals = checkExternals({ parsed, definitions, products, calendars, problems })
  const graph = toGraph(products, externals, definitions, options)
  checkEdges({ graph, products, definitions, parsed, isOffline: !options.current, problems, notes })
  checkLoops(graph, products, problems)
  const resolved = resolveAll(graph, products, definitions, problems)
  if (problems.length === 0)
    checkCycles({ ...{ resolved, products, today, problems, notes }, calendars: calendars.calendars })
  if (problems.length === 0)
    checkRules({ ...{ graph, resolved, products, externals, calendars }, options, today, problems, notes })
  if (problems.length > 0) return { kind: 'invalid', problems: sortProblems(problems), notes: sortProblems(notes) }
  if (resolved.length < products.size) return { kind: 'valid', mesh: null, notes: sortProblems(notes) }
  const mesh: Mesh = {
    domains: sortBy([...definitions.values()], 'domain'),
    products: sortBy(resolved, 'product'),
    externals: sortBy(externals, 'product'),
    calendars: usedCalendars(calendars, [...definitions.values(), ...resolved, ...externals], options),
  }
  return { kind: 'valid', mesh, notes: sortProblems(notes) }
}

function firstOfEach<File>(
  placed: Placed<File>[],
  nameOf: (file: File) => string,
  kind: string,
  problems: Problem[],
): Map<string, Placed<File>> {
  const first = new Map<string, Placed<File>>()
  for (const item of placed) {
    const name = nameOf(item.file)
    const before = first.get(name)
    if (!before) first.set(name, item)
    else {
      const { file, line } = before.placeOf([kind])
      problems.push({ ...item.placeOf([kind]), message: `${kind} "${name}" is defined already, at ${file}:${line}` })
    }
  }
  return first
}

function checkProduct(
  { file, placeOf }: Placed<ProductFile>,
  domains: ReadonlyMap<string, DomainDefinition>,
  parsed: ParsedMesh,
  problems: Problem[],
): void {
  const name = domainOf(file.product as ProductId)
  const domain = domains.get(name)
  if (domain) {
    for (const { path, message } of faultsBetweenKeys(file, domain)) problems.push({ ...placeOf(path), message })
  } else if (!isFaulty(parsed, name)) {
    // Names of two letters are all alike: `d2` is no slip of `d1`.
    const guess = (name.length > 2 && didYouMean(name, domains.keys())) || '; write its domain.yaml beside it'
    problems.push({ ...placeOf(['product']), message: `there is no domain "${name}" in these files${guess}` })
  }
}

/** Something of this name may be defined where the files cannot be read: then its absence proves nothing. */
const isFaulty = (parsed: ParsedMesh, name: string): boolean =>
  parsed.faulty.hasNameless || parsed.faulty.names.includes(name)

/** The files, and around them what is applied and stays. */
function toGraph(
  products: Products,
  externals: ExternalDefinition[],
  domains: ReadonlyMap<string, DomainDefinition>,
  options: CheckOptions,
): Graph {
  const graph = new Map<ProductId, GraphProduct>()
  for (const { definition } of options.current?.products ?? []) {
    if (options.prune && domains.has(domainOf(definition.product))) continue
    const { product, dependsOn, cutoff, publish } = definition
    const upstreams = upstreamsIn(dependsOn)
    graph.set(product, { ...definition, upstreams, needs: neededIn(dependsOn, cutoff), publishes: publish !== null })
  }
  for (const external of [...appliedExternals(options, domains), ...externals]) {
    graph.set(external.product, {
      ...{ product: external.product, every: external.every, visibility: 'domain', isExternal: true },
      ...{ upstreams: [], needs: [], publishes: true },
    })
  }
  for (const { file } of products.values()) {
    const product = file.product as ProductId
    const upstreams = upstreamsOf(file).map(({ upstream }) => upstream)
    graph.set(product, {
      ...{ product, visibility: file.visibility, every: everyOf(file) },
      ...{ upstreams, needs: neededIn(toDependencies(file), file.cutoff), publishes: file.publish !== false },
    })
  }
  return graph
}

/** At such a cutoff a cycle begins with what is there. */
const neededIn = (dependsOn: DependencyDefinition[], cutoff: { then: CutoffAction } | null | undefined) =>
  cutoff?.then === 'run-without' ? [] : dependsOn

const appliedExternals = ({ current, prune }: CheckOptions, domains: ReadonlyMap<string, DomainDefinition>) =>
  (current?.externals ?? [])
    .map(({ definition }) => definition)
    .filter(({ product }) => !prune || !domains.has(domainOf(product)))

function checkLoops(graph: Graph, products: Products, problems: Problem[]): void {
  const loops = findLoops(graph, atSameTime(graph))
  const told = new Set(loops.flat())
  const back = findDeadlocks(graph).filter((loop) => !loop.some((product) => told.has(product)))
  for (const loop of [...loops, ...back]) {
    const first = loop.find((product) => products.has(product))
    const placed = first && products.get(first)
    if (!first || !placed) continue
    const from = loop.indexOf(first)
    const turned = [...loop.slice(from), ...loop.slice(0, from)]
    const edge = upstreamsOf(placed.file).find(({ upstream }) => upstream.product === (turned[1] ?? first))
    problems.push({
      ...placed.placeOf(edge?.path ?? ['product']),
      message: back.includes(loop) ? backInWords(turned, adviceFor(graph, turned)) : loopInWords(turned),
    })
  }
}

function adviceFor(graph: Graph, loop: ProductId[]): string {
  const isWithin = loop.some((product, at) =>
    graph.get(product)?.upstreams.some((upstream) => {
      const isNext = upstream.product === (loop[at + 1] ?? loop[0])
      return isNext && upstream.match?.kind === 'latest-within' && upstream.ifNone === 'run-without'
    }),
  )
  return isWithin
    ? 'latestWithin takes in the cycle of the same date: say what looks back by days, such as { cycle: previous-business-day, ifNone: run-without }'
    : 'say on what looks back that the first does without: ifNone: run-without'
}

/** All of it is there but a beginning. */
function backInWords([first = '', ...others]: string[], advice: string): string {
  if (others.length === 0) {
    return `${first} waits for its own cycles before, and the first has none: write { cycle: self-previous }, or ${advice}`
  }
  const words = [...others, first].join(', which waits for ')
  return `a loop that looks back, so the first cycle of none of these could ever start: ${first} waits for ${words}; ${advice}`
}

function loopInWords([first = '', ...others]: string[]): string {
  if (others.length === 0) {
    return `${first} waits for itself; it could never start: for its cycle before write { cycle: self-previous }`
  }
  return `a loop, so none of these could ever start: ${first} waits for ${[...others, first].join(', which waits for ')}`
}

/** Those of which it is known how often they refresh. */
function resolveAll(
  graph: Graph,
  products: Products,
  domains: ReadonlyMap<string, DomainDefinition>,
  problems: Problem[],
): ProductDefinition[] {
  const answers = answerEvery(graph)
  const resolved: ProductDefinition[] = []
  for (const { file, placeOf } of products.values()) {
    const domain = domains.get(domainOf(file.product as ProductId) as Domain)
    const answer = answers.get(file.product as ProductId)
    if (answer?.kind === 'differ') {
      const [first] = answer.of
      const other = answer.of.find(({ every }) => every !== first?.every)
      const found = [first, other].map((upstream) => `${upstream?.product} every ${upstream?.every}`).join(', ')
      problems.push({
        ...placeOf(['product']),
        message: `its upstreams refresh differently (${found}); write every: and for each its rule (cycle: …)`,
      })
    }
    if (domain && answer?.kind === 'known') resolved.push(toProductDefinition(file, domain, answer.every))
  }
  return resolved
}

const sortBy = <Key extends string, Item extends Record<Key, string>>(items: Item[], key: Key): Item[] =>
  items.sort((a, b) => (a[key] < b[key] ? -1 : 1))
