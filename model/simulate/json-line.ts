// Where a key stands in a line of JSON. In: a line that is an object without nesting, a key. Out: a column, from 1.

/** Of the key or of its value; 1 where the line has no such key. */
export function columnOf(content: string, key: string, on: 'key' | 'value'): number {
  for (const found of content.matchAll(/"(?:[^"\\]|\\.)*"/g)) {
    const colon = /^\s*:\s*/.exec(content.slice(found.index + found[0].length))
    if (colon && isKey(found[0], key)) return 1 + found.index + (on === 'key' ? 0 : found[0].length + colon[0].length)
  }
  return 1
}

const isKey = (quoted: string, key: string): boolean => {
  try {
    return JSON.parse(quoted) === key
  } catch {
    return false
  }
}
