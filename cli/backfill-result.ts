// What became of a backfill. In: its result. Out: words or JSON, with the next step of each kind; the exit code.
import type { DateRange } from '../model/calendar/backfill-range.ts'
import { toProgressWords } from '../model/backfill-progress.ts'
import { type CycleKey, type ProductId, toCycleId } from '../model/ids.ts'
import { type BackfillResult, toBackfillId } from '../workflows/backfill-contract.ts'
import { EXIT } from './failure.ts'
import { type Output, print, printJson } from './output.ts'

export function tellResult(order: DateRange & { product: ProductId }, result: BackfillResult, output: Output): number {
  const { product, from, to } = order
  const isDone = result.completed + result.ended.length === result.total
  if (output === 'json') {
    printJson({ backfill: toBackfillId(order), product, from, to, ...result })
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
  for (const { key, reason } of result.refused) print(`Refused: ${toCycleId(product, key)}: ${reason}`)
  return isDone ? 0 : EXIT.failed
}

const NAMED = 20

function tellCycles(what: string, product: ProductId, keys: CycleKey[]): void {
  const [first] = keys
  if (!first) return
  const more = keys.length > NAMED ? ` and ${keys.length - NAMED} more` : ''
  print(`${what}: ${keys.slice(0, NAMED).join(', ')}${more}. See: sluice explain ${toCycleId(product, first)}`)
}
