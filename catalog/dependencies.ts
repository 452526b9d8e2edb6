// The `dependsOn` of a file, resolved: match rules, groups. In: what the grammar let through. Out: the model's form, and
// where in the file each upstream stands. Never: an upstream in the one that is not in the other.
import { parseWallTime } from '../model/calendar/wall-time.ts'
import type { ProductFile } from '../model/definition.schema.ts'
import type { DependencyDefinition, MatchRule, UpstreamDefinition, WallTime } from '../model/definition.ts'
import type { DependencyBlock, DependencyFile } from '../model/dependency.schema.ts'
import type { ProductId } from '../model/ids.ts'

type Path = (string | number)[]

export const toDependencies = (file: ProductFile): DependencyDefinition[] =>
  file.dependsOn.map((dependency) => toDependency(dependency, file.product as ProductId))

function toDependency(dependency: DependencyFile, own: ProductId): DependencyDefinition {
  if (typeof dependency === 'string') return { product: dependency as ProductId }
  const until = dependency.optionalAfter === undefined ? {} : { optionalAfter: toWall(dependency.optionalAfter) }
  const parts = partsOf(dependency)
  if (!parts) return { ...toUpstream(dependency, own), ...until }
  const atLeast = dependency.atLeast ?? (dependency.allOf ? parts.list.length : 1)
  return { atLeast, of: parts.list.map((part) => toDependency(part, own)), ...until }
}

function toUpstream(block: DependencyBlock, own: ProductId): UpstreamDefinition {
  const { product, cycle, latestWithin, ifNone, onRevision, acceptPartial } = block
  const match = toMatch(cycle, latestWithin)
  return {
    product: (product ?? own) as ProductId,
    ...(match ? { match } : {}),
    ...(ifNone ? { ifNone } : {}),
    ...(onRevision ? { onRevision } : {}),
    ...(acceptPartial === false ? { acceptPartial } : {}),
  }
}

function toMatch(cycle: DependencyBlock['cycle'], latestWithin: string | undefined): MatchRule | undefined {
  if (latestWithin !== undefined) return { kind: 'latest-within', days: Number.parseInt(latestWithin, 10) }
  if (typeof cycle === 'object') {
    const { businessDaysBefore, calendarDaysBefore } = cycle
    if (businessDaysBefore !== undefined) return { kind: 'business-days-before', n: businessDaysBefore }
    return { kind: 'calendar-days-before', n: calendarDaysBefore ?? 1 }
  }
  switch (cycle) {
    case 'previous-business-day':
      return { kind: 'business-days-before', n: 1 }
    case 'every-of-period':
    case 'last-of-period':
    case 'covering':
    case 'self-previous':
      return { kind: cycle }
    default:
      return undefined
  }
}

const toWall = (text: string): WallTime => {
  const wall = parseWallTime(text)
  if (!wall) throw new RangeError(`"${text}" passed the schema and is no wall time.`)
  return wall
}

function partsOf({ anyOf, allOf, of }: DependencyBlock): { key: string; list: DependencyFile[] } | undefined {
  if (anyOf) return { key: 'anyOf', list: anyOf }
  if (allOf) return { key: 'allOf', list: allOf }
  return of && { key: 'of', list: of }
}

export interface PlacedUpstream {
  path: Path
  upstream: UpstreamDefinition
}

/** Every single upstream of the file, groups opened, with the path at which it stands. */
export const upstreamsOf = (file: ProductFile): PlacedUpstream[] =>
  file.dependsOn.flatMap((dependency, at) => placed(dependency, ['dependsOn', at], file.product as ProductId))

function placed(dependency: DependencyFile, path: Path, own: ProductId): PlacedUpstream[] {
  const parts = typeof dependency === 'string' ? undefined : partsOf(dependency)
  if (parts) return parts.list.flatMap((part, at) => placed(part, [...path, parts.key, at], own))
  return [{ path, upstream: toDependency(dependency, own) as UpstreamDefinition }]
}

/** Every `optionalAfter`, with its path. */
export const optionalAfters = (list: DependencyFile[], path: Path): { path: Path; text: string }[] =>
  list.flatMap((dependency, at) => {
    if (typeof dependency === 'string') return []
    const here = [...path, at]
    const parts = partsOf(dependency)
    const inner = parts ? optionalAfters(parts.list, [...here, parts.key]) : []
    const own = dependency.optionalAfter
    return own === undefined ? inner : [{ path: [...here, 'optionalAfter'], text: own }, ...inner]
  })
