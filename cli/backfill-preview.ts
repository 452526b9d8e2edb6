// In: the plan of a backfill. Out: what it would do, as a table and a summary, or as JSON. Never: a change of anything.
import type { ProductId } from '../model/ids.ts'
import { toCycleId } from '../model/ids.ts'
import { type BackfillPlan, type PlannedCycle, toPlanWords } from './backfill-plan.ts'
import { colourState, type Output, print, printJson, toTable } from './output.ts'

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
  if (plan.heldBy) print(`${plan.product} is held by ${plan.heldBy}: its cycles wait until it is released.`)
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
    case 'nothing':
      return [
        'nothing',
        `there already: ${colourState(one.state)}${one.state === 'ERROR' ? ', which a rerun brings back' : ''}`,
      ]
    case 'none':
      return ['nothing', `not scheduled: ${one.reason}`]
  }
}

function countMissing(cycles: PlannedCycle[]): Map<ProductId, number> {
  const counts = new Map<ProductId, number>()
  for (const one of cycles)
    for (const upstream of (one.does === 'open' && one.waitsFor) || [])
      counts.set(upstream, (counts.get(upstream) ?? 0) + 1)
  return counts
}
