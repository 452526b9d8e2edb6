// In: a cycle, what of it shall be made anew and for whom. Out: what follows, or why it may not (act.ts).
import type { CycleParts } from '../model/ids.ts'
import type { Cascade } from '../model/refresh-event.ts'
import { type ActOptions, act, type Done } from './act.ts'
import { CommandFailure, EXIT } from './failure.ts'
import type { DefinitionChoice } from './find-cycle.ts'
import { toSentence } from './reopened.ts'

export interface RerunOptions extends ActOptions {
  publish: boolean
  definition?: DefinitionChoice
  cascade?: Cascade
}

export async function rerun(parts: CycleParts, options: RerunOptions): Promise<number> {
  const { publish, definition, cascade } = options
  if (!publish && cascade)
    throw new CommandFailure(
      EXIT.failed,
      '--no-publish and --cascade contradict each other: consumers run again for what is published.',
    )
  const command = {
    action: 'rerun' as const,
    ...(!publish && { publish: false as const }),
    ...(cascade && { cascade }),
  }
  const tell = (done: Done): string => toSentence(`${parts.product}/${parts.key}`, done)
  return act(parts, { command, tell, ...(definition && { definition }) }, options)
}
