// Who gives a command, and why. In: what was typed, or stood in the environment. Out: the same as every action takes it.
// Never: a command that does anything before this; a text that a cycle or the audit would refuse.
import { randomUUID } from 'node:crypto'
import { refuseAsker, toLine } from '../model/cycle/asker.ts'
import type { OperatorCommand } from '../model/cycle/cycle.ts'
import { CommandFailure, EXIT } from './failure.ts'

interface Given {
  actor: string
  reason: string
}

/** `needs`: the sentence where one of them says nothing. @throws CommandFailure */
export function requireAsker({ actor, reason }: Given, needs: string): OperatorCommand {
  if (toLine(actor) === '' || toLine(reason) === '') throw new CommandFailure(EXIT.notAllowed, needs)
  return toSound({ actor, reason })
}

export interface AskerOptions {
  actor: string
  reason?: string
}

/** Of what overrules nothing, and so asks for no reason. @throws CommandFailure */
export const toAsker = ({ actor, reason = '' }: AskerOptions): OperatorCommand =>
  requireAsker({ actor, reason: reason.trim() || 'none given' }, 'This needs an actor that says something: --actor.')

/** Where either may be left out. @throws CommandFailure */
export function toSound({ actor, reason }: Given): OperatorCommand {
  const asker = { actor: toLine(actor), reason: toLine(reason), requestId: randomUUID() }
  const refused = refuseAsker(asker)
  if (refused !== null) throw new CommandFailure(EXIT.notAllowed, refused)
  return asker
}
