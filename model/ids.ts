// The ids everybody builds and reads: `<domain>/<product>`, `<domain>/<product>/<cycle key>`, event ids.
// Never: an id put together or taken apart elsewhere. Each pair is tested as a round trip.

export type Domain = string & { readonly brand: 'Domain' }
export type ProductId = string & { readonly brand: 'ProductId' }
export type CycleKey = string & { readonly brand: 'CycleKey' }
/** Also the Temporal workflow id of the cycle. */
export type CycleId = string & { readonly brand: 'CycleId' }

export interface CycleParts {
  product: ProductId
  key: CycleKey
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Lower-case letters, digits and inner hyphens, at most 63: fits bus, queue, deployment and bucket names. */
export const isName = (text: string): boolean => NAME.test(text)

export function parseDomain(text: string): Domain | undefined {
  return isName(text) ? (text as Domain) : undefined
}

export function parseProductId(text: string): ProductId | undefined {
  const [domain, product, ...rest] = text.split('/')
  return domain && product && rest.length === 0 && isName(domain) && isName(product) ? (text as ProductId) : undefined
}

export const domainOf = (product: ProductId | CycleId): Domain => product.slice(0, product.indexOf('/')) as Domain

/** The product's name without its domain. */
export const nameOf = (product: ProductId): string => product.slice(product.indexOf('/') + 1)

export const toCycleId = (product: ProductId, key: CycleKey): CycleId => `${product}/${key}` as CycleId

/** Undefined unless the text is `<domain>/<product>/<key>`; whether the key is due is the calendar's to say. */
export function parseCycleId(text: string): CycleParts | undefined {
  const cut = text.lastIndexOf('/')
  const product = parseProductId(text.slice(0, Math.max(cut, 0)))
  const key = parseCycleKey(text.slice(cut + 1))
  return product && key ? { product, key } : undefined
}

const DATE_KEY = /^(\d{4})-(\d{2})-(\d{2})$/

/** A day or business-day key, `YYYY-MM-DD`, that names a real date. */
export function parseCycleKey(text: string): CycleKey | undefined {
  const [, year, month, day] = DATE_KEY.exec(text) ?? []
  if (!year || !month || !day) return undefined
  return Number(day) >= 1 && Number(day) <= daysIn(Number(year), Number(month)) ? (text as CycleKey) : undefined
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return [31, 0, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0
}

/** The id of the n-th publication of a cycle: deterministic, so a repeated publish is the same event. */
export const toEventId = (cycle: CycleId, revision: number): string => `${cycle}/r${revision}`

/** The id of the notice that a cycle did not refresh: one for each time it came to rest without data. */
export const toNotRefreshedId = (cycle: CycleId, runNumber: number, version: number): string =>
  `${toNotRefreshedPrefix(cycle)}${runNumber}.${version}`

/** With which the ids of all such notices of a cycle begin. */
export const toNotRefreshedPrefix = (cycle: CycleId): string => `${cycle}/not-refreshed-`

export function parseEventId(text: string): { cycle: CycleId; revision: number } | undefined {
  const [, cycle, revision] = /^(.+)\/r([1-9]\d{0,8})$/.exec(text) ?? []
  return cycle && parseCycleId(cycle) ? { cycle: cycle as CycleId, revision: Number(revision) } : undefined
}

/** The activity that waits for the Glue run of an attempt: unique over all runs of the cycle. */
export const toGlueActivityId = (attempt: number): string => `glue-${attempt}`
