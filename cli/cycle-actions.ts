// Skip, waive, cancel. In: a cycle, who and why. Out: the sentence of what came of it; act.ts does the rest.
import { type CycleParts, type ProductId, toCycleId } from '../model/ids.ts'
import { type ActOptions, act } from './act.ts'
import { CommandFailure, EXIT } from './failure.ts'

export const skip = (parts: CycleParts, options: ActOptions): Promise<number> =>
  act(parts, { command: { action: 'skip' }, tell: () => `${nameOf(parts)} is skipped.` }, options)

export const cancel = (parts: CycleParts, options: ActOptions): Promise<number> =>
  act(
    parts,
    {
      command: { action: 'cancel' },
      tell: () => `${nameOf(parts)} is being cancelled: its Glue run, if any, is told to stop.`,
    },
    options,
  )

export interface WaiveOptions extends ActOptions {
  dependency?: ProductId[]
  all: boolean
}

export async function waive(parts: CycleParts, { dependency, all, ...options }: WaiveOptions): Promise<number> {
  if (all === (dependency !== undefined))
    throw new CommandFailure(
      EXIT.failed,
      all
        ? '--all and --dependency contradict each other: name the inputs, or take all that are missing.'
        : 'Name the input to go without with --dependency, such as --dependency raw/rd2, or take all that are missing with --all.',
    )
  const products = dependency ?? null
  const tell = (): string => `${nameOf(parts)} goes without ${products?.join(', ') ?? 'what it still waited for'}.`
  return act(parts, { command: { action: 'waive', products }, tell }, options)
}

const nameOf = ({ product, key }: CycleParts): string => toCycleId(product, key)
