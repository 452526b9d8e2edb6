// EventBridge wildcards, pure. In: a text with `*`, where `\*` and `\\` are literal. Out: a test of a whole value.
// Never: backtracks without bound; the parts are looked for from left to right.

import { PatternProblem } from './pattern-problem.ts'

export function compileWildcard(source: string, path: string): (value: string) => boolean {
  const parts = splitAtStars(source, path)
  const [first = '', ...rest] = parts
  const last = rest.pop()
  if (last === undefined) return (value) => value === first
  return (value) => {
    if (!value.startsWith(first) || value.length < first.length + last.length || !value.endsWith(last)) return false
    const endIndex = value.length - last.length
    let index = first.length
    for (const part of rest) {
      const found = value.indexOf(part, index)
      if (found === -1 || found + part.length > endIndex) return false
      index = found + part.length
    }
    return true
  }
}

function splitAtStars(source: string, path: string): string[] {
  const parts: string[] = []
  let part = ''
  for (let index = 0; index < source.length; index += 1) {
    const character = source[index]
    if (character === '*') {
      if (source[index + 1] === '*')
        throw new PatternProblem(`Consecutive wildcard characters at pos ${index} of "${path}"`)
      parts.push(part)
      part = ''
      continue
    }
    if (character === '\\') {
      index += 1
      if (source[index] !== '*' && source[index] !== '\\')
        throw new PatternProblem(`Invalid escape character at pos ${index - 1} of "${path}"`)
    }
    part += source[index]
  }
  return [...parts, part]
}
