// What is left of a stack's former template, pure. In: what the stack had made, what it has made now. Out: what the
// template no longer names, and whether it goes or stays. Never: what the stack did not make.
import type { Resource } from './template.ts'

/** One thing that a stack made. */
export interface MadeResource {
  logicalId: string
  type: string
  /** Its name in its account and region. */
  id: string
  /** `DeletionPolicy` and `UpdateReplacePolicy` of the template that it was last deployed from. */
  isKeptWhenDropped: boolean
  isKeptWhenReplaced: boolean
}

export interface Leftover {
  resource: MadeResource
  fate: 'removed' | 'retained'
}

export const isSameResource = (one: MadeResource, other: Pick<MadeResource, 'type' | 'id'>): boolean =>
  one.type === other.type && one.id === other.id

/** Last made, first removed: a rule goes before its bus. */
export function planLeftovers(before: MadeResource[], now: MadeResource[], named: Resource[]): Leftover[] {
  return withoutSame(before, now)
    .toReversed()
    .map((resource) => {
      // Under its logical id the template has something of another name: it was replaced, not dropped.
      const isReplaced = named.some(({ logicalId }) => logicalId === resource.logicalId)
      const isKept = isReplaced ? resource.isKeptWhenReplaced : resource.isKeptWhenDropped
      return { resource, fate: isKept ? 'retained' : 'removed' }
    })
}

/** Those of the first list that the second has not. */
export const withoutSame = (resources: MadeResource[], others: MadeResource[]): MadeResource[] =>
  resources.filter((resource) => !others.some((other) => isSameResource(resource, other)))
