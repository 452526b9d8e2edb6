// Who acts, where nobody said so (`--actor`, SLUICE_ACTOR). In: a command that is about to run. Out: its actor: on AWS the
// caller's identity, on a local stack the user. Never: a proof. A client says it, and PostgreSQL cannot vouch for what a client
// says: `actor_verified` stays false, and the audit says `unverified`.
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { chooseLocalStack } from './choose-stack.ts'
import { toSentence } from './failure.ts'
import { talk } from './output.ts'

/** A person waits. */
const PATIENCE_MS = 5_000

/** Once per command, before it acts, so that all it writes names the same actor. Only for an actor that nobody named. */
export async function nameActor(command: CommandUnknownOpts): Promise<void> {
  if (isLocal(command)) return
  try {
    const { readCallerArn } = await import('../clients/caller-identity.ts')
    command.setOptionValueWithSource('actor', await readCallerArn(PATIENCE_MS), 'implied')
  } catch (error) {
    const user = String(command.getOptionValue('actor'))
    talk(
      `AWS could not be asked who you are (${toSentence(error).replace(/\.$/, '')}), so the actor is "${user}"; --actor <who> says another.`,
    )
  }
}

/** Also what takes no mesh of AWS at all (`sluice dev deploy`), and what will itself say that it finds no stack. */
function isLocal(command: CommandUnknownOpts): boolean {
  if (!command.options.some((option) => option.attributeName() === 'stack')) return true
  try {
    return chooseLocalStack(command.opts()) !== undefined
  } catch {
    return true
  }
}
