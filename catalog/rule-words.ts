// A dependency in the words of the definition file: its rule, its group. In: the resolved form. Out: text that the file takes.
// Never: two dependencies that mean different things in the same words; a test reads them back.

import { isGroup } from '../model/dependencies.ts'
import { toWallTimeText } from '../model/calendar/wall-time.ts'
import type { DependencyDefinition, GroupDefinition, MatchRule, UpstreamDefinition } from '../model/definition.ts'

/** A list of them, as the file would write it between the brackets of `dependsOn`. */
export const dependenciesWords = (dependsOn: readonly DependencyDefinition[]): string =>
  dependsOn.map(dependencyWords).join(', ')

/** `d1/ds1`, or in braces with its rule; a group with what it holds. */
export function dependencyWords(dependency: DependencyDefinition): string {
  if (isGroup(dependency)) return braces([...groupWords(dependency), ...optionalWords(dependency)])
  const { product, match, ifNone, onRevision, acceptPartial } = dependency
  const rule = [
    ...(match ? [matchEntry(match)] : []),
    ...(ifNone ? [`ifNone: ${ifNone}`] : []),
    ...(onRevision ? [`onRevision: ${onRevision}`] : []),
    ...(acceptPartial === false ? ['acceptPartial: false'] : []),
    ...optionalWords(dependency),
  ]
  return rule.length === 0 ? product : braces([`product: ${product}`, ...rule])
}

/** Which of the upstream's cycles, in short: `same`, `previous-business-day`, `latestWithin: 7d`. */
export function matchWords(match: MatchRule | undefined): string {
  if (match === undefined) return 'same'
  switch (match.kind) {
    case 'business-days-before':
      return match.n === 1 ? 'previous-business-day' : `businessDaysBefore: ${match.n}`
    case 'calendar-days-before':
      return `calendarDaysBefore: ${match.n}`
    case 'latest-within':
      return `latestWithin: ${match.days}d`
    default:
      return match.kind
  }
}

export interface PlacedUpstream {
  upstream: UpstreamDefinition
  /** `2: at least 1 of`, from the outermost group inwards; null outside of groups. */
  part: string | null
}

/** Every single upstream in the order of the file, with the groups in which it stands. */
export const placeUpstreams = (dependsOn: readonly DependencyDefinition[], within: string[] = []): PlacedUpstream[] =>
  dependsOn.flatMap((dependency, index) => {
    if (!isGroup(dependency)) return [{ upstream: dependency, part: within.join(' > ') || null }]
    const { atLeast, of, optionalAfter } = dependency
    const until = optionalAfter ? `, optional after ${toWallTimeText(optionalAfter)}` : ''
    return placeUpstreams(of, [...within, `${index + 1}: at least ${atLeast} of${until}`])
  })

const braces = (entries: string[]): string => `{ ${entries.join(', ')} }`

function matchEntry(match: MatchRule): string {
  const words = matchWords(match)
  if (match.kind === 'latest-within') return words
  return words.includes(':') ? `cycle: ${braces([words])}` : `cycle: ${words}`
}

function groupWords({ atLeast, of }: GroupDefinition): string[] {
  const list = `[${dependenciesWords(of)}]`
  if (atLeast === 1) return [`anyOf: ${list}`]
  return atLeast === of.length ? [`allOf: ${list}`] : [`atLeast: ${atLeast}`, `of: ${list}`]
}

/** In quotes, as YAML 1.1 readers take `20:00` for a number. */
const optionalWords = ({ optionalAfter }: DependencyDefinition): string[] =>
  optionalAfter ? [`optionalAfter: "${toWallTimeText(optionalAfter)}"`] : []
