// In: the plan of a backfill. Out: what it would do, as a table and a summary, or as JSON. Never: a change of anything.
import type { ProductId } from '../model/ids.ts'
import { toCycleId } from '../model/ids.ts'
import type { CycleState, Step } from '../model/states.ts'
import { type Anew, type BackfillPlan, type PlannedCycle, toPlanWords } from './backfill-plan.ts'
import { colourState, type Output, print, printJson, toCount, toTable } from './output.ts'

export interface HowFast {
  parallel: number
  stopAfter: number
}

export function preview(plan: BackfillPlan, { parallel, stopAfter }: HowFast, output: Output): void {
  if (output === 'json') {
    printJson({ ...plan, parallel, stopAfter, isDryRun: true })
    return
  }
  const rows = plan.cycles.map((one) => [toCycleId(plan.product, one.key), ...toCells(one)])
  print(toTable(['cycle', 'what happens', ''], rows))
  print()
  print(`${toPlanWords(plan)}.`)
  print(
    `By version ${plan.definitionVersion} of the definition, which is in force now; at most ${parallel} at work at a time, ` +
      `oldest first, behind all other work; no more are opened once ${stopAfter} have failed. Nobody is paged.`,
  )
  if (plan.asked)
    print(
      `Made anew is what stands so since before ${plan.asked.madeBefore} (--rerun ${plan.asked.rerun}), each once. Consumers that have used ` +
        'it are flagged as outdated or run again, as their onRevision says.',
    )
  if (plan.heldBy)
    print(
      `${plan.product} is held by ${plan.heldBy}: its cycles wait until it is released${plan.asked ? '; reruns are refused' : ''}.`,
    )
  for (const [upstream, count] of countMissing(plan.cycles))
    print(
      `${count} would wait for ${upstream}. What of it is not there: sluice backfill ${upstream} --from ${plan.from} --to ${plan.to} --dry-run`,
    )
  print('Nothing was done: this was a dry run.')
}

function toCells(one: PlannedCycle): [string, string] {
  switch (one.does) {
    case 'open':
      return ['opens', one.waitsFor?.length ? `then waits for ${one.waitsFor.join(', ')}` : '']
    case 'rerun':
      return ['reruns', `${toState(one)}: ${toAnew(one)}`]
    case 'refused':
      return ['refused', `there already: ${colourState(one.state)}, and ${one.reason}`]
    case 'nothing':
      return [
        'nothing',
        `there already: ${colourState(one.state)}${one.state === 'ERROR' ? ', which a rerun brings back' : ''}`,
      ]
    case 'none':
      return ['nothing', `not scheduled: ${one.reason}`]
  }
}

const toState = ({ state, step }: { state: CycleState; step: Step | null }): string =>
  `${colourState(state)}${step ? ` (${step})` : ''}`

/** `overwrites s3://…/ (revision 1), publishes revision 2; 3 cycles have used it`. */
function toAnew({ step, overwrites, revision, usedBy, hidden }: Anew): string {
  const over = overwrites === null ? [] : [`overwrites ${overwrites}${revision ? ` (revision ${revision - 1})` : ''}`]
  const told = revision === null ? 'tells nobody' : `${step === 'publish' ? 'only ' : ''}publishes revision ${revision}`
  const used = usedBy > 0 ? [`${toCount(usedBy, 'cycle')} ${usedBy === 1 ? 'has' : 'have'} used it`] : []
  const others = hidden > 0 ? [`${toCount(hidden, 'cycle')} of other domains use it or wait for it`] : []
  return [[...over, told].join(', '), ...used, ...others].join('; ')
}

function countMissing(cycles: PlannedCycle[]): Map<ProductId, number> {
  const counts = new Map<ProductId, number>()
  for (const one of cycles)
    for (const upstream of (one.does === 'open' && one.waitsFor) || [])
      counts.set(upstream, (counts.get(upstream) ?? 0) + 1)
  return counts
}
