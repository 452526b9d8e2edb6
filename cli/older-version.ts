// Cycles that go on by an older version of their definition than the one in force. In: what they carry, what is in force.
// Out: the mark of the grid with its legend, the line of `explain` with what can be done. Never: of a cycle that is over. Pure.
import type { CycleRow } from '../mirror/status.ts'
import { whyNotDue } from '../model/calendar/due.ts'
import { type DomainCatalog, toTimetable } from '../model/calendar/routing.ts'
import { isUnbegun } from '../model/cycle/cycle.ts'
import { type CycleKey, type ProductId, toCycleId } from '../model/ids.ts'
import { type CycleState, isSettled, type Step } from '../model/states.ts'

/** Null: no definition of the product is in force any more; absent: nobody asked. */
export type VersionedRow = CycleRow & { currentVersion?: number | null }

/** What runs again after its run has ended goes by the version in force, so only one that has a run is marked. */
export const isOlder = ({ state, runEndedAs, definitionVersion, currentVersion }: VersionedRow): boolean =>
  !isSettled(state) && !runEndedAs && typeof currentVersion === 'number' && definitionVersion < currentVersion

export const versionMark = (version: number): string => `v${version}`

/** Of the first that is marked, as an example. */
export const toLegend = ({ cycle, definitionVersion }: VersionedRow): string =>
  `${versionMark(definitionVersion)}: goes on by version ${definitionVersion} of its definition, and a newer one is in force: sluice explain ${cycle}`

export interface Carrier {
  product: ProductId
  key: CycleKey
  definitionVersion: number
  state: CycleState
  step: Step | null
}

/** Null when it goes by the version in force, and when it is over. */
export function toVersionLine(
  catalog: Pick<DomainCatalog, 'products' | 'calendars' | 'schedules'>,
  carrier: Carrier,
): string | null {
  const { product, key, definitionVersion, state } = carrier
  if (isSettled(state)) return null
  const carries = `carries version ${definitionVersion}`
  const present = catalog.products.find(({ definition }) => definition.product === product)
  if (!present) return `${carries}; no definition of ${product} is in force any more, and it goes on as it is`
  if (present.version <= definitionVersion) return null
  const newer = `${carries}; ${present.version} is in force since ${present.appliedAt}`
  if (!isUnbegun(carrier)) return `${newer}: it has begun, so it stays with version ${definitionVersion}`
  const notDue = whyNotDue(toTimetable(catalog), present.definition, key)
  if (notDue) return `${newer}, by which ${notDue}: it goes on as it is`
  return `${newer}: sluice upgrade ${toCycleId(product, key)} --reason … lets it go by that`
}
