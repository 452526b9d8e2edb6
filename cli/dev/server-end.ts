// What a person is told when a server of a local stack ends by itself. In: the server, what the stack was made of.
// Out: what died, what is kept and what is gone, how to run it again. Pure.
// Never: that something is kept which a local stack has in memory, or deletes when it stops.
import { quote } from '../command-name.ts'

interface EndedStack {
  /** Of its logs. */
  folder: string
  /** Names of the servers that it started itself. */
  started: string[]
  mesh: string | undefined
  only: readonly string[] | undefined
}

export function toServerEnd(
  { name, logFile, lastLines }: { name: string; logFile: string; lastLines: string },
  { folder, started, mesh, only }: EndedStack,
  command: string,
): string {
  const ledger = started.includes('AWS sandbox') ? ', and the ledger of the AWS sandbox,' : ''
  const gone = Object.entries(HELD).flatMap(([server, held]) => (started.includes(server) ? [held] : []))
  const what = [...(mesh === undefined ? [] : [quote(mesh)]), ...(only ? [`--only ${only.join(',')}`] : [])]
  return [
    `${name} has ended, and the stack does not go on without it. Its last lines, of ${logFile}:`,
    lastLines,
    `Kept: the logs${ledger} in ${folder}.`,
    `Gone with the stack: ${gone.join('; ')}. Servers that it did not start keep what they have.`,
    `To run it again, from the beginning: ${[command, 'dev', ...what].join(' ')}`,
  ].join('\n')
}

/** What lives and ends with each server. */
const HELD = {
  PostgreSQL: 'its database',
  Temporal: 'the cycles, open and closed, in Temporal',
  'AWS sandbox': 'the queues, buckets and Glue runs of the AWS sandbox',
}
