// Every "waits for" of the files, and of applied products that wait for something in the files.
// Never: an edge to a product that is not there or may not be seen; whether its cycles fit, rules.ts finds out.

import type { ProductFile } from '../model/definition.schema.ts'
import type { DomainDefinition } from '../model/definition.ts'
import { domainOf, type ProductId } from '../model/ids.ts'
import { didYouMean, nearest } from '../model/nearest.ts'
import { type PlacedUpstream, upstreamsOf } from './dependencies.ts'
import type { Graph, GraphProduct } from './graph.ts'
import type { Place, Problem } from './problem.ts'
import type { ParsedMesh, Placed } from './read-mesh.ts'
import { toStableJson } from './stable-json.ts'

/** The products of the files, by name. */
export type Products = ReadonlyMap<string, Placed<ProductFile>>

interface EdgeCheck {
  graph: Graph
  products: Products
  definitions: ReadonlyMap<string, DomainDefinition>
  parsed: ParsedMesh
  isOffline: boolean
  problems: Problem[]
  notes: Problem[]
}

export function checkEdges(check: EdgeCheck): void {
  for (const placed of check.products.values()) checkOwnEdges(check, placed)
  for (const item of check.graph.values()) {
    if (!check.products.has(item.product)) checkAppliedEdges(check, item)
  }
}

function checkOwnEdges(check: EdgeCheck, { file, placeOf }: Placed<ProductFile>): void {
  const consumer = check.graph.get(file.product as ProductId)
  const seen = new Set<string>()
  for (const { path, upstream } of upstreamsOf(file)) {
    const place = placeOf(path)
    const found = check.graph.get(upstream.product)
    const edge = toStableJson(upstream)
    if (seen.has(edge))
      check.problems.push({ ...place, message: `${upstream.product} is named twice; keep one of them` })
    else if (!found) tellUnknown(check, place, upstream.product, file.product)
    else if (consumer) {
      const message = whyRefused(consumer, found, upstream)
      if (message) check.problems.push({ ...place, message })
    }
    seen.add(edge)
  }
}

/** An applied product of another folder that the files leave without its upstream. */
function checkAppliedEdges(check: EdgeCheck, consumer: GraphProduct): void {
  for (const edge of consumer.upstreams) {
    const upstream = edge.product
    const found = check.graph.get(upstream)
    const placed = check.products.get(upstream)
    const domain = check.parsed.domains.find(({ file }) => file.domain === domainOf(upstream))
    if (!found && domain) {
      const message = `${upstream} has no file any more, but ${consumer.product} (applied) waits for it; change that first`
      check.problems.push({ ...domain.placeOf(['domain']), message })
    }
    const message = found && whyRefused(consumer, found, edge)
    if (message && placed) {
      const place = placed.placeOf(['product'])
      check.problems.push({ ...place, message: `${consumer.product} (applied) waits for it: ${message}` })
    }
  }
}

function tellUnknown(check: EdgeCheck, place: Place, upstream: ProductId, consumer: string): void {
  if (check.parsed.faulty.hasNameless || check.parsed.faulty.names.includes(upstream)) return
  const domain = domainOf(upstream)
  if (check.isOffline && !check.definitions.has(domain) && !isSlip(domain, check.definitions)) {
    const message = `${upstream} is of domain "${domain}", which is not in these files; apply will check it`
    check.notes.push({ ...place, message })
    return
  }
  const others = [...check.graph.keys()].filter((product) => product !== consumer)
  check.problems.push({ ...place, message: `there is no product "${upstream}"${didYouMean(upstream, others)}` })
}

/** Names of two letters are all alike: `d2` is no slip of `d1`. */
const isSlip = (domain: string, domains: ReadonlyMap<string, DomainDefinition>): boolean =>
  domain.length > 2 && nearest(domain, domains.keys()) !== undefined

/** Why the consumer may not wait for it, or never would be told. */
function whyRefused(
  consumer: GraphProduct,
  upstream: GraphProduct,
  { match }: PlacedUpstream['upstream'],
): string | undefined {
  const { product } = upstream
  const isOwn = consumer.product === product
  if (match?.kind === 'self-previous' && !isOwn) {
    return `self-previous is of the product itself; of ${product} write cycle: previous-business-day or { calendarDaysBefore: 1 }`
  }
  if (!upstream.publishes) return `${product} has publish: false, so no event would ever come`
  if (isOwn) return undefined
  if (domainOf(consumer.product) !== domainOf(product) && upstream.visibility === 'domain') {
    return upstream.isExternal
      ? `${product} is an external of domain "${domainOf(product)}", which no other domain can wait for; make a product of it there`
      : `${product} is private to domain "${domainOf(product)}"; its owner must set visibility: mesh`
  }
  return undefined
}
