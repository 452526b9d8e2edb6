// The same as leaf.ts, asked from the other end: whether a cycle looks at one that the upstream has. In: both keys.
// Out: how, or not at all. Never: another answer than wantedOf's (a property test holds them together).
import type { CycleKey } from '../ids.ts'
import { addDays, datesOf } from './dates.ts'
import {
  dateOf,
  type Edge,
  ifNoneOf,
  isLatestWithin,
  isOfPeriod,
  requireKind,
  toKeys,
  wantedOf,
  whyUnknown,
} from './leaf.ts'

/**
 * How a cycle of the consumer looks at one that the upstream has; null = not at all. The same as asking `wantedOf`, but
 * quick.
 */
export function lookAt(edge: Edge, key: CycleKey, upstreamKey: CycleKey): { isLookBack: boolean } | null {
  const { dependency } = edge
  const rule = dependency.match
  // Most are of this kind.
  if (rule === undefined && ifNoneOf(dependency) !== 'previous')
    return requireKind(edge, key) === upstreamKey ? { isLookBack: false } : null
  // Of these the whole list may be long, and whether one belongs to it does not depend on the others.
  if (rule?.kind === 'every-of-period' && isOfPeriod(edge, key)(upstreamKey))
    return whyUnknown(edge, datesOf(key)) === null ? { isLookBack: false } : null
  if (rule?.kind === 'latest-within') {
    const date = dateOf(edge, key)
    const from = addDays(date, -rule.days)
    const isIt = isLatestWithin(edge, key, { from, date })(upstreamKey)
    return isIt && whyUnknown(edge, { first: from, last: date }) === null ? { isLookBack: true } : null
  }
  return toKeys(wantedOf(edge, key), edge).find((wanted) => wanted.key === upstreamKey) ?? null
}
