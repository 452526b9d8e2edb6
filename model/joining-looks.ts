// One look at a domain for all that ask while another is under way. In: the look. Out: the same, shared.
// Never: an answer of a look that began before it was asked for, which may not have seen what the asker saw.
import type { Domain } from './ids.ts'

interface Shared<Found> {
  atMs: number
  found: Promise<Found>
}

type Look<Found> = (domain: Domain, atMs: number) => Promise<Found>

/** Looks are had one by one, each at the latest instant asked for; 0 where a look is at what is there now. */
export function joinLooks<Found>(look: Look<Found>): Look<Found> {
  const waiting = new Map<Domain, Shared<Found>>()
  let last: Promise<unknown> = Promise.resolve()
  return (domain, atMs) => {
    const shared = waiting.get(domain)
    if (shared) {
      shared.atMs = Math.max(shared.atMs, atMs)
      return shared.found
    }
    const begin = (): Promise<Found> => {
      waiting.delete(domain)
      return look(domain, own.atMs)
    }
    // The look before was for others, who are told of its failure.
    const own: Shared<Found> = { atMs, found: last.then(begin, begin) }
    waiting.set(domain, own)
    last = own.found
    return own.found
  }
}
