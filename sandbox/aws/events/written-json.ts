// JSON with its pairs as they are written, pure. In: a text. Out: its value; an object is the list of its pairs, so that a
// name that stands there twice is there twice. Never: anything that JSON.parse would not take; it throws what that throws.

export interface WrittenObject {
  pairs: [name: string, value: Written][]
}
export type Written = string | number | boolean | null | Written[] | WrittenObject

export function isWrittenObject(value: unknown): value is WrittenObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function parseWrittenJson(text: string): Written {
  JSON.parse(text)
  // What is valid comes apart at its marks: texts, brackets, colons, commas, and all else up to the next mark.
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g) ?? []
  let next = 0

  function readValue(): Written {
    const token = tokens[next] ?? ''
    next += 1
    if (token === '{') return { pairs: readUntil('}', readPair) }
    if (token === '[') return readUntil(']', readValue)
    return JSON.parse(token) as string | number | boolean | null
  }

  function readPair(): [string, Written] {
    const name = JSON.parse(tokens[next] ?? '') as string
    next += 2
    return [name, readValue()]
  }

  function readUntil<Item>(end: string, read: () => Item): Item[] {
    const items: Item[] = []
    while (tokens[next] !== end) {
      if (tokens[next] === ',') next += 1
      items.push(read())
    }
    next += 1
    return items
  }

  return readValue()
}
