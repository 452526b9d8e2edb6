// What a cycle needs of its upstreams and what of it is there. In: a cycle, the time. Out: whether its condition holds, which inputs
// the job reads, which are missing. Pure. Never: a change of the cycle.
import type { ProductId } from '../ids.ts'
import { conditionOf, type Judgement, judgeCondition } from './condition.ts'
import { type Cycle, type DependencyStatus, isSameCycle, toWaiting } from './cycle.ts'

/** What a cycle needs, and what it has. */
type Gathering = Pick<Cycle, 'input' | 'dependencies'>

/** Whether the cycle has what it needs; `Infinity`: once all waiting for time is over. */
export const judgeInputs = (cycle: Gathering, nowMs: number): Judgement =>
  judgeCondition(conditionOf(cycle.input), inputsOf(cycle), nowMs)

/**
 * The expected cycles in their order, as the condition counts them. A cycle that was brought back after its attempt
 * began keeps the inputs it had, in any order, and perhaps by another version of the definition than it now carries.
 */
export function inputsOf({ input: { expected }, dependencies }: Gathering): DependencyStatus[] {
  const isAligned = expected.every((one, at) => isSameCycle(one, dependencies[at]))
  if (isAligned) return dependencies
  return expected.map((one) => dependencies.find((known) => isSameCycle(one, known)) ?? toWaiting(one))
}

/** The inputs that the job reads: what the condition took of them, and what an earlier version of the definition had. */
export function readInputs(cycle: Cycle): DependencyStatus[] {
  const inputs = inputsOf(cycle)
  const { expected } = cycle.input
  const others = cycle.dependencies.filter((known) => !expected.some((one) => isSameCycle(one, known)))
  // Most need them all, and each publication asks.
  const used = cycle.input.condition
    ? judgeInputs(cycle, Infinity).used.flatMap((at) => inputs[at] ?? [])
    : inputs.filter(({ state }) => state === 'ARRIVED')
  // What an earlier version had may stand behind what this one expects, and be among both.
  return [...new Set([...used, ...others])]
}

/** The upstreams that would still help and have not arrived, each once; none when the condition holds. */
export const missingOf = (cycle: Gathering, nowMs: number): ProductId[] =>
  missingNames(cycle, judgeInputs(cycle, nowMs))

/** Their products, each once, in the order of the definition; also of those that have no cycle that would do. */
export const missingNames = (cycle: Pick<Cycle, 'input'>, { missing, never }: Judgement): ProductId[] => [
  ...new Set([
    ...missing.flatMap((at) => cycle.input.expected[at]?.product ?? []),
    ...never.map(({ product }) => product),
  ]),
]
