// The match rule, once, for both directions: which upstream cycles a cycle expects, and which cycles of a consumer an
// upstream cycle concerns. Never: one direction written without the other; a property test holds them inverse.
import type { ExpectedCycle } from './cycle/cycle.ts'
import type { DependencyDefinition, ProductDefinition } from './definition.ts'
import type { CycleKey, ProductId } from './ids.ts'

interface Match {
  expects(key: CycleKey): CycleKey[]
  concerns(upstreamKey: CycleKey): CycleKey[]
}

/** "Same": a cycle expects the upstream's cycle of its own key. */
const SAME: Match = { expects: (key) => [key], concerns: (upstreamKey) => [upstreamKey] }

const matchOf = (_dependency: DependencyDefinition): Match => SAME

/** All upstream cycles a cycle waits for; frozen when it opens. */
export const expectedCycles = (definition: ProductDefinition, key: CycleKey): ExpectedCycle[] =>
  definition.dependsOn.flatMap((dependency) =>
    matchOf(dependency)
      .expects(key)
      .map((upstreamKey) => ({ product: dependency.product, key: upstreamKey })),
  )

/** The keys of the consumer that may wait for this upstream cycle, due or not. */
export const concernedKeys = (
  definition: ProductDefinition,
  upstream: ProductId,
  upstreamKey: CycleKey,
): CycleKey[] => [
  ...new Set(
    definition.dependsOn
      .filter((dependency) => dependency.product === upstream)
      .flatMap((dependency) => matchOf(dependency).concerns(upstreamKey)),
  ),
]
