// Every "waits for" of the files, and of applied products that wait for something in the files.
// Never: an edge that could not be satisfied on some day and says nothing.

import type { ProductFile } from '../model/definition.schema.ts'
import type { DomainDefinition } from '../model/definition.ts'
import { domainOf, type ProductId } from '../model/ids.ts'
import { didYouMean, nearest } from '../model/nearest.ts'
import { answerEvery, type EveryAnswer, type Graph, type GraphProduct } from './graph.ts'
import type { Place, Problem } from './problem.ts'
import type { ParsedMesh, Placed } from './read-mesh.ts'
import { upstreamsOf } from './resolve.ts'

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
  const answers = answerEvery(check.graph)
  for (const placed of check.products.values()) checkOwnEdges(check, placed, answers)
  for (const item of check.graph.values()) {
    if (!check.products.has(item.product)) checkAppliedEdges(check, item, answers)
  }
}

type Answers = ReadonlyMap<ProductId, EveryAnswer>

function checkOwnEdges(check: EdgeCheck, { file, placeOf }: Placed<ProductFile>, answers: Answers): void {
  const consumer = check.graph.get(file.product as ProductId)
  const seen = new Set<ProductId>()
  for (const [index, upstream] of upstreamsOf(file).entries()) {
    const place = placeOf(['dependsOn', index])
    const found = check.graph.get(upstream)
    if (seen.has(upstream)) check.problems.push({ ...place, message: `${upstream} is named twice; keep one of them` })
    else if (!found) tellUnknown(check, place, upstream, file.product)
    else if (consumer) {
      const message = whyImpossible(consumer, found, answers)
      if (message) check.problems.push({ ...place, message })
    }
    seen.add(upstream)
  }
}

/** An applied product of another folder that the files leave without its upstream. */
function checkAppliedEdges(check: EdgeCheck, consumer: GraphProduct, answers: Answers): void {
  for (const upstream of consumer.upstreams) {
    const found = check.graph.get(upstream)
    const placed = check.products.get(upstream)
    const domain = check.parsed.domains.find(({ file }) => file.domain === domainOf(upstream))
    if (!found && domain) {
      const message = `${upstream} has no file any more, but ${consumer.product} (applied) waits for it; change that first`
      check.problems.push({ ...domain.placeOf(['domain']), message })
    }
    const message = found && whyImpossible(consumer, found, answers)
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

/** Why the consumer could never, or on some day not, get what it waits for. */
function whyImpossible(consumer: GraphProduct, upstream: GraphProduct, answers: Answers): string | undefined {
  const { product } = upstream
  if (consumer.product === product) return undefined
  if (domainOf(consumer.product) !== domainOf(product) && upstream.visibility === 'domain') {
    return `${product} is private to domain "${domainOf(product)}"; its owner must set visibility: mesh`
  }
  if (!upstream.publishes) return `${product} has publish: false, so no event would ever come`
  const [own, theirs] = [answers.get(consumer.product), answers.get(product)]
  const isDaily = own?.kind === 'known' && own.every === 'day'
  if (isDaily && theirs?.kind === 'known' && theirs.every === 'business-day') {
    return (
      `${consumer.product} refreshes every day, ${product} on business days only: ` +
      'on Saturdays and Sundays it would wait for ever; write every: business-day'
    )
  }
  return undefined
}
