// An action as the entry sees it, whichever it is. In: the command that acts, and how that ended badly. Out: its refusal as JSON,
// for programs that asked for JSON; for a person who leaves it by Ctrl-C, that it may have been taken all the same.
// Never: a word about a command that asks for no reason: that one changes nothing.
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { type CycleParts, parseEventId, toCycleId } from '../model/ids.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { talk } from './output.ts'

/** It makes no sense, or somebody else was quicker. */
const REFUSALS: number[] = [EXIT.notAllowed, EXIT.conflict]

/** Undefined of what is no refusal, or was not to be told as JSON. */
export function toRefusal(command: CommandUnknownOpts, error: unknown): object | undefined {
  const { output, dryRun, actor, reason } = command.opts() as Record<string, unknown>
  const isRefusal = error instanceof CommandFailure && REFUSALS.includes(error.exitCode)
  if (!isRefusal || !isAction(command) || output !== 'json') return undefined
  const about = { ...subjectOf(command), action: command.name(), ...(dryRun === true && { isDryRun: true }) }
  return { ...about, actor, reason, refused: error.message }
}

/** What follows a backfill hears of Ctrl-C itself. */
export function tellWhenInterrupted(command: CommandUnknownOpts): void {
  if (!isAction(command) || command.opts()['dryRun'] === true) return
  process.once('SIGINT', () => {
    if (process.listenerCount('SIGINT') > 0) return
    talk(`Interrupted. It may have been taken all the same; see: ${toLook(subjectOf(command))}`)
    process.exit(EXIT.interrupted)
  })
}

const isAction = ({ options }: CommandUnknownOpts): boolean =>
  options.some((option) => option.attributeName() === 'reason')

type Subject = { cycle?: string; product?: string; eventId?: string }

function subjectOf(command: CommandUnknownOpts): Subject {
  const [named] = command.processedArgs as (CycleParts | string | string[] | undefined)[]
  if (Array.isArray(named)) return {}
  if (typeof named === 'object') return { cycle: toCycleId(named.product, named.key) }
  if (named !== undefined) return command.name() === 'withdraw' ? { eventId: named } : { product: named }
  const { product } = command.opts() as { product?: string }
  return product === undefined ? {} : { product }
}

function toLook({ cycle, product, eventId }: Subject): string {
  if (cycle) return `sluice explain ${cycle}`
  const of = eventId && parseEventId(eventId)?.cycle
  if (of) return `sluice audit --cycle ${of}`
  return `sluice audit${product ? ` --product ${product}` : ''}`
}
