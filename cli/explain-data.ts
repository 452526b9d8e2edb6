// What is to be known of the data of a cycle: which inputs were corrected since it ran, which do not fit together, what each
// attempt read. In: the cycle as its workflow or the mirror has it. Out: lines of text. Pure.
import type { OutdatedInput } from '../mirror/outdated.ts'
import type { CycleReport } from '../mirror/status.ts'
import type { Attempt } from '../model/cycle/attempt.ts'
import type { Cycle } from '../model/cycle/cycle.ts'
import { mixedWords } from '../model/cycle/mixed.ts'
import { decideCorrection, mixedInputs, outdatedInputs } from '../model/cycle/revisions.ts'
import { onRevisionOf, runsAgainFor } from '../model/dependencies.ts'
import { domainOf } from '../model/ids.ts'

/** Of a cycle that is open. */
export function dataLines(cycle: Cycle, nowMs: number): string[] {
  const next = decideCorrection(cycle, nowMs)
  const rerun = next?.kind === 'wait' ? `runs again at ${new Date(next.untilMs).toISOString()}` : 'runs again'
  const after = cycle.state === 'PROCESSING' ? 'runs again after this attempt' : 'the next rerun uses it'
  const outdated = outdatedInputs(cycle).flatMap(({ product, key, arrival, newer }) => {
    const { definition } = cycle.input
    const isRerun = runsAgainFor(definition, newer)
    if (!isRerun && onRevisionOf(definition, product) === 'ignore') return []
    const soon = cycle.held ? 'runs again once it is released' : rerun
    const asks = newer.cascade ? `; ${domainOf(product)} asks its consumers to run again` : ''
    const then = isRerun ? (next ? soon : after) : `onRevision: flag${asks}`
    return [toOutdatedLine({ product, key, newer: newer.revision, used: arrival.revision }, then)]
  })
  return [...outdated, ...mixedInputs(cycle).map((mixed) => `mixed     ${mixedWords(mixed)}`)]
}

/** Of a cycle that is closed, by the corrections that came since. */
export const outdatedLines = ({ outdated, row }: Pick<CycleReport, 'outdated' | 'row'>): string[] =>
  row.lastAttempt === 0
    ? []
    : outdated.map((one) => toOutdatedLine(one, `to use it: sluice rerun ${row.cycle} --reason …`))

const toOutdatedLine = ({ product, key, newer, used }: OutdatedInput, then: string): string =>
  `corrected ${product}/${key}: revision ${newer} is there, revision ${used} was used; ${then}`

/** Of more inputs only how many they are. */
const LISTED = 6

/** What the attempt read: `raw/rd1 r1, raw/rd2 r3`; empty where an older version did not keep it. */
export function readWords({ inputs = [] }: Pick<Attempt, 'inputs'>): string {
  if (inputs.length === 0) return ''
  const named = inputs.slice(0, LISTED).map(({ product, revision }) => `${product} r${revision}`)
  const more = inputs.length > LISTED ? ` and ${inputs.length - LISTED} more` : ''
  return `, read ${named.join(', ')}${more}`
}
