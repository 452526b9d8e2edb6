// What became of a backfill. In: its result. Out: words or JSON, with the next step of each kind; the exit code.
import type { BackfillOrder } from '../model/backfill.ts'
import { type BackfillProgress, toProgressWords } from '../model/backfill-progress.ts'
import { type CycleKey, domainOf, type ProductId, toCycleId } from '../model/ids.ts'
import { type BackfillResult, toAskedRerun, toBackfillId } from '../workflows/backfill-contract.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson } from './output.ts'

type Order = Pick<BackfillOrder, 'product' | 'from' | 'to' | 'rerun'>

/** The same again; with the instant, so that nothing is made anew twice. */
export function toCommand({ product, from, to, rerun }: Order): string {
  const asked = rerun && toAskedRerun(rerun)
  return `sluice backfill ${product} --from ${from} --to ${to}${asked ? ` --rerun ${asked.rerun} --made-before ${asked.madeBefore}` : ''}`
}

export function tellResult(order: Order, result: BackfillResult, output: Output): number {
  const { product, from, to, rerun } = order
  requireReruns(order, result)
  const isDone = result.completed + result.ended.length === result.total
  if (output === 'json') {
    const asked = rerun && { madeBefore: toAskedRerun(rerun).madeBefore }
    printJson({ backfill: toBackfillId(order), product, from, to, ...asked, ...result })
    return isDone ? 0 : EXIT.failed
  }
  print(`${product}, ${from} to ${to}: ${toProgressWords(result)}.`)
  const { stoppedBy } = result
  if (stoppedBy)
    print(`Stopped by ${stoppedBy.actor}: ${stoppedBy.reason}. The same command again goes on with what is left.`)
  if (result.how === 'too-many-failed')
    print('So many failed that no more were opened. Mend the cause; the same command again goes on with what is left.')
  tellCycles('Failed', product, result.failed)
  tellCycles('Still at work', product, result.busy)
  tellCycles('Waiting for upstreams, and starting by themselves when those come', product, result.waiting)
  tellCycles('Ended without data', product, result.ended)
  if (rerun && (result.how !== 'done' || result.refused.length > 0))
    print(`To go on: ${toCommand(order)} --reason <text>`)
  for (const { key, reason } of result.refused) print(`Refused: ${toCycleId(product, key)}: ${reason}`)
  return isDone ? 0 : EXIT.failed
}

/** A worker of an older version does not look at what was asked for, and says nothing of it. */
export function requireReruns({ product, rerun }: Order, progress: BackfillProgress): void {
  if (!rerun || progress.rerun !== undefined) return
  const why = `The worker of ${domainOf(product)} is of an older version, which makes nothing anew`
  throw new CommandFailure(EXIT.failed, `${why}. See: sluice doctor`)
}

const NAMED = 20

function tellCycles(what: string, product: ProductId, keys: CycleKey[]): void {
  const [first] = keys
  if (!first) return
  const more = keys.length > NAMED ? ` and ${keys.length - NAMED} more` : ''
  print(`${what}: ${keys.slice(0, NAMED).join(', ')}${more}. See: sluice explain ${toCycleId(product, first)}`)
}
