// In: which events an external means. Out: the EventBridge pattern that lets them through, as narrow as patterns can be.
// Never: narrower than the mapping: what does not come, nobody can list as unmatched.
import type { ExternalMapping } from '../model/definition.ts'

type Match = string | number | { wildcard: string } | { numeric: (string | number)[] }

interface Fields {
  [name: string]: Fields | Match[]
}

/** EventBridge compares numbers from here on only. */
const LEAST = -5_000_000_000

export function toEventPattern({ source, detailType, account, where }: ExternalMapping): object {
  const pattern: Fields = { source: [source], 'detail-type': [detailType] }
  if (account) pattern['account'] = [account]
  for (const [path, text] of Object.entries(where)) put(pattern, path.split('.'), toMatches(text))
  return pattern
}

/**
 * What is read may be anything; a `*` or a backslash of the text itself is taken as it is. A mapping reads a number as
 * its text, a pattern tells them apart: where the text may be that of a number, both are let through.
 */
function toMatches(text: string): Match[] {
  const parts = text.split(/\{[^{}]*\}/)
  const mayBeNumber = parts.every((part) => /^[\d.eE+-]*$/.test(part))
  if (parts.length === 1) return mayBeNumber && String(Number(text)) === text ? [text, Number(text)] : [text]
  const wildcard = parts
    .filter((part, at) => part !== '' || at === 0 || at === parts.length - 1)
    .map((part) => part.replaceAll(/[\\*]/g, String.raw`\$&`))
    .join('*')
  return mayBeNumber ? [{ wildcard }, { numeric: ['>=', LEAST] }] : [{ wildcard }]
}

function put(fields: Fields, [name = '', ...rest]: string[], match: Match[]): void {
  if (rest.length === 0) {
    fields[name] = match
    return
  }
  const inner = fields[name]
  const next: Fields = inner && !Array.isArray(inner) ? inner : {}
  fields[name] = next
  put(next, rest, match)
}
