// A stack that stays up until a person stops it, or one of its servers ends. In: the stack, and the command that makes such
// a one. Out: what ended is told; whether a server did. Never: stops anything; a server's end passed over in silence.
import type { RunningProcess } from '../../sandbox/processes.ts'
import { commandName } from '../command-name.ts'
import { aborted } from './interrupt.ts'
import type { LocalStack } from './local-stack.ts'
import { toServerEnd } from './server-end.ts'

interface KeepUpOrder {
  say(text: string): void
  signal: AbortSignal
  again: string
}

export async function keepUp(stack: LocalStack, { say, signal, again }: KeepUpOrder): Promise<'stopped' | 'ended'> {
  const leaving = new AbortController()
  try {
    for (const role of stack.roles.values()) void watchRole(role, say, AbortSignal.any([signal, leaving.signal]))
    const ended = await Promise.race([aborted(signal), firstEnd(stack)])
    if (!ended) return 'stopped'
    const { name, logFile } = ended
    const { folder, servers } = stack
    const started = servers.processes.map((process) => process.name)
    const used = [servers.awsEndpoint, servers.temporalAddress, servers.databaseUrl].filter(Boolean)
    const hasOthers = used.length > started.length
    say(toServerEnd({ name, logFile, lastLines: ended.lastLines() }, { folder, started, hasOthers, again }))
    return 'ended'
  } finally {
    leaving.abort()
  }
}

/** A server that ends by itself: the rest is then to be stopped. */
const firstEnd = ({ servers }: LocalStack): Promise<RunningProcess> =>
  Promise.race(servers.processes.map(async (process) => (await process.exited, process)))

/** A role may be killed to see what happens: nothing is lost, and another may take its place. */
async function watchRole(role: RunningProcess, say: KeepUpOrder['say'], leaving: AbortSignal): Promise<void> {
  await role.exited
  if (leaving.aborted) return
  say(`${role.name} has ended. Its last lines, of ${role.logFile}:\n${role.lastLines()}`)
  say(`The rest goes on. To start it again: ${commandName()} ${role.name}`)
}
