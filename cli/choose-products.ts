// In: names that a person typed, the products that are known. Out: the products meant. Pure.
// Never: an empty list for a slip of the finger: what is like none is refused, with the nearest that there is.
import type { KnownProduct } from '../mirror/products.ts'
import type { Domain } from '../model/ids.ts'
import { didYouMean } from '../model/nearest.ts'
import { CommandFailure, EXIT } from './failure.ts'

export interface ProductChoice {
  domain?: string
  /** Team or mail, in any case of letters. */
  owner?: string
  /** `d1/*`: a star is any name or part of one; without a domain it is meant in all of them. */
  product?: string
}

/** Undefined: the choice leaves nothing out but by domain. */
export function chooseProducts(known: KnownProduct[], choice: ProductChoice): KnownProduct[] | undefined {
  const domain = requireDomain(known, choice.domain)
  const here = known.filter((one) => domain === undefined || one.domain === domain)
  const owned = choice.owner === undefined ? here : requireOwned(here, choice.owner)
  const like = choice.product === undefined ? owned : requireLike(owned, choice.product)
  return choice.owner === undefined && choice.product === undefined ? undefined : like
}

/** Where nothing is applied yet, nobody knows better. */
export function requireDomain(known: Pick<KnownProduct, 'domain'>[], name: string | undefined): Domain | undefined {
  const domains = [...new Set(known.map(({ domain }) => domain))]
  if (name === undefined || domains.length === 0) return name as Domain | undefined
  const found = domains.find((domain) => domain === name)
  if (found) return found
  throw refuse(`No domain "${name}" has a product`, name, domains)
}

function requireOwned(known: KnownProduct[], owner: string): KnownProduct[] {
  const wanted = owner.toLowerCase()
  const found = known.filter((one) => toNames(one).some((name) => name.toLowerCase() === wanted))
  if (found.length > 0) return found
  throw refuse(
    `"${owner}" owns no product here, neither as a team nor as a mail address`,
    owner,
    known.flatMap(toNames),
  )
}

const toNames = ({ owner }: KnownProduct): string[] => [owner.team, owner.email]

function requireLike(known: KnownProduct[], pattern: string): KnownProduct[] {
  const isLike = toMatcher(pattern)
  const found = known.filter(({ product }) => isLike(product))
  if (found.length > 0) return found
  throw refuse(
    `No product is like "${pattern}"`,
    pattern,
    known.map(({ product }) => product),
  )
}

function toMatcher(pattern: string): (product: string) => boolean {
  const whole = pattern.includes('/') ? pattern : `*/${pattern}`
  const source = whole
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
  const shape = new RegExp(`^${source}$`)
  return (product) => shape.test(product)
}

const MOST_NAMED = 12

function refuse(what: string, word: string, candidates: string[]): CommandFailure {
  const names = [...new Set(candidates)].toSorted()
  const more = names.length - MOST_NAMED
  const listed = names.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '')
  const known = names.length > 0 ? `; known: ${listed}.` : '; none is known yet: sluice apply <folder> --reason …'
  return new CommandFailure(EXIT.failed, what + (didYouMean(word, names) || known))
}
