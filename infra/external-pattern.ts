// In: which events an external means. Out: the EventBridge pattern that lets them through, as narrow as patterns can be.
// Never: narrower than the mapping: what does not come, nobody can list as unmatched.
import type { ExternalMapping } from '../model/definition.ts'

interface Fields {
  [name: string]: Fields | (string | { wildcard: string })[]
}

export function toEventPattern({ source, detailType, account, where }: ExternalMapping): object {
  const pattern: Fields = { source: [source], 'detail-type': [detailType] }
  if (account) pattern['account'] = [account]
  for (const [path, text] of Object.entries(where)) put(pattern, path.split('.'), [toMatch(text)])
  return pattern
}

/** What is read may be anything; a `*` or a backslash of the text itself is taken as it is. */
function toMatch(text: string): string | { wildcard: string } {
  if (!text.includes('{')) return text
  const parts = text.split(/\{[^{}]*\}/).map((part) => part.replaceAll(/[\\*]/g, String.raw`\$&`))
  return { wildcard: parts.join('*').replaceAll(/\*{2,}/g, '*') }
}

function put(fields: Fields, [name = '', ...rest]: string[], match: (string | { wildcard: string })[]): void {
  if (rest.length === 0) {
    fields[name] = match
    return
  }
  const inner = fields[name]
  const next: Fields = inner && !Array.isArray(inner) ? inner : {}
  fields[name] = next
  put(next, rest, match)
}
