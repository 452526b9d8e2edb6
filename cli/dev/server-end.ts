// What a person is told when a server of a local stack ends by itself. In: the server, what the stack was made of.
// Out: what died, what is kept and what is gone, how to run it again. Pure.
// Never: that something is kept which a local stack has in memory, or deletes when it stops.
import { quote } from '../command-name.ts'

interface EndedStack {
  /** Of its logs. */
  folder: string
  /** Names of the servers that it started itself. */
  started: string[]
  /** Whether it used servers of others. */
  hasOthers: boolean
  /** The command that makes such a stack. */
  again: string
}

export function toServerEnd(
  { name, logFile, lastLines }: { name: string; logFile: string; lastLines: string },
  { folder, started, hasOthers, again }: EndedStack,
): string {
  const ledger = started.includes('AWS sandbox') ? ', and the ledger of the AWS sandbox,' : ''
  const gone = Object.entries(HELD).flatMap(([server, held]) => (started.includes(server) ? [held] : []))
  const others = hasOthers ? ' Servers that it did not start keep what they have.' : ''
  return [
    `${name} has ended, and the stack does not go on without it. Its last lines, of ${logFile}:`,
    lastLines,
    `Kept: the logs${ledger} in ${folder}.`,
    `Gone with the stack: ${gone.join('; ')}.${others}`,
    `To run it again, from the beginning: ${again}`,
  ].join('\n')
}

interface DevStack {
  mesh: string | undefined
  only: readonly string[] | undefined
  temporalAddress: string | undefined
  /** Not shown: it may hold a password. */
  databaseUrl: string | undefined
  ports: Partial<Record<'aws' | 'temporal' | 'temporalUi' | 'postgres', number | undefined>>
}

export function toDevCommand(command: string, { mesh, only, temporalAddress, databaseUrl, ports }: DevStack): string {
  return [
    ...[command, 'dev'],
    ...(mesh === undefined ? [] : [quote(mesh)]),
    ...(only ? [`--only ${only.join(',')}`] : []),
    ...(temporalAddress ? [`--temporal-address ${quote(temporalAddress)}`] : []),
    ...(databaseUrl ? ['--database-url …'] : []),
    ...PORTS.flatMap(([server, flag]) => (ports[server] === undefined ? [] : [`${flag} ${ports[server]}`])),
    ...(databaseUrl ? ['(… is the address of your database, as before)'] : []),
  ].join(' ')
}

const PORTS = [
  ['aws', '--aws-port'],
  ['temporal', '--temporal-port'],
  ['temporalUi', '--temporal-ui-port'],
  ['postgres', '--postgres-port'],
] as const

/** What lives and ends with each server. */
const HELD = {
  PostgreSQL: 'its database',
  Temporal: 'the cycles, open and closed, in Temporal',
  'AWS sandbox': 'the queues, buckets and Glue runs of the AWS sandbox',
}
