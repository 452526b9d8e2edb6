// IP addresses as EventBridge's matcher takes them, pure. In: texts. Out: one spelling for each address, and tests of it.
// Never: an address with letters of a host, a zone or dotted quads within IPv6: the matcher takes those for plain texts.

import { BlockList, isIP } from 'node:net'
import type { Leaf } from './event-fields.ts'
import { PatternProblem } from './pattern-problem.ts'

/** Leading zeros of IPv4 and the many spellings of IPv6 are one address; undefined for a text that is none. */
export function toAddress(text: string): string | undefined {
  if (/^\d+(\.\d+){3}$/.test(text)) {
    const address = text.split('.').map(Number).join('.')
    return isIP(address) === 4 ? address : undefined
  }
  return /^[\da-f:]+$/i.test(text) && isIP(text) === 6 ? new URL(`http://[${text}]`).hostname.slice(1, -1) : undefined
}

/** A whole address is no network: the matcher takes at most 31 bits of IPv4 and 127 of IPv6. */
export function compileCidr(text: string, path: string): (leaf: Leaf) => boolean {
  const [written = '', bits = '', ...rest] = text.split('/')
  const address = toAddress(written)
  if (rest.length > 0 || bits === '') throw new PatternProblem(`Malformed CIDR, one '/' required at "${path}"`)
  if (!/^\d+$/.test(bits)) throw new PatternProblem(`Malformed CIDR, mask bits must be an integer at "${path}"`)
  if (address === undefined) throw new PatternProblem(`Nonstandard IP address: ${written} of the CIDR at "${path}"`)
  const [family, limit] = isIP(address) === 4 ? (['ipv4', 32] as const) : (['ipv6', 128] as const)
  if (Number(bits) >= limit) throw new PatternProblem(`Mask bits of an ${family} CIDR must be < ${limit} at "${path}"`)
  const list = new BlockList()
  list.addSubnet(address, Number(bits), family)
  return (leaf) => {
    const found = typeof leaf === 'string' ? toAddress(leaf) : undefined
    return found !== undefined && isIP(found) === isIP(address) && list.check(found, family)
  }
}
