// One text for one value, whatever the order of its keys: for hashes and for "is it the same".
import { createHash } from 'node:crypto'
import type { ProductDefinition } from '../model/definition.ts'

/** JSON with the keys of every object sorted. */
export const toStableJson = (value: unknown): string => JSON.stringify(value, sortKeys)

export const isSame = (a: unknown, b: unknown): boolean => toStableJson(a) === toStableJson(b)

/** Equal for equal definitions, in any process. */
export const definitionHash = (definition: ProductDefinition): string =>
  createHash('sha256').update(toStableJson(definition)).digest('hex')

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}
