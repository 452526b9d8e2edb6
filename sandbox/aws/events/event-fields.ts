// The leaves of an event, pure. In: an event. Out: its leaves by path, and which array elements each one lies in.
// Never: gives an object or an empty array a leaf; an array within an array counts as one array.

import { isRecord } from '../input.ts'

/** A value of an event that is no object and no array. */
export type Leaf = string | number | boolean | null

/** In which element of which array a leaf lies; arrays are numbered as they are met. */
export type Membership = ReadonlyMap<number, number>

export interface EventField {
  value: Leaf
  membership: Membership
}

/** Names joined by dots, as the matcher of AWS sees them: `{"a.b": 1}` and `{"a": {"b": 1}}` are the same field. */
export type EventFields = ReadonlyMap<string, EventField[]>

export function toEventFields(event: Record<string, unknown>): EventFields {
  const fields = new Map<string, EventField[]>()
  let arrays = 0

  function walkObject(object: Record<string, unknown>, path: string, membership: Membership): void {
    for (const [name, value] of Object.entries(object)) walk(value, path === '' ? name : `${path}.${name}`, membership)
  }

  function walk(value: unknown, path: string, membership: Membership): void {
    if (value === undefined) return
    if (isRecord(value)) return walkObject(value, path, membership)
    if (!Array.isArray(value)) {
      const found = fields.get(path) ?? []
      fields.set(path, [...found, { value: value as Leaf, membership }])
      return
    }
    arrays += 1
    const array = arrays
    for (const [index, item] of value.flat(Number.POSITIVE_INFINITY).entries()) {
      // A plain value of an array is bound to no element: several fields may take theirs from several elements.
      walk(item, path, isRecord(item) ? new Map([...membership, [array, index]]) : membership)
    }
  }

  walkObject(event, '', new Map())
  return fields
}

/** Both together; undefined when they name two elements of the same array. */
export function joinMemberships(one: Membership, other: Membership): Membership | undefined {
  for (const [array, index] of other) {
    const known = one.get(array)
    if (known !== undefined && known !== index) return undefined
  }
  return other.size === 0 ? one : new Map([...one, ...other])
}
