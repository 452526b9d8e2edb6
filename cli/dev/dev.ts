// From `sluice dev` to its exit code: a stack up until a person stops it. Never: leaves something running.
import { existsSync } from 'node:fs'
import pc from 'picocolors'
import type { RunningProcess } from '../../sandbox/processes.ts'
import { commandName } from '../command-name.ts'
import { CommandFailure, EXIT } from '../failure.ts'
import { aborted, untilInterrupted } from './interrupt.ts'
import { type LocalStack, startLocalStack } from './local-stack.ts'
import { toServerEnd } from './server-end.ts'
import type { Part } from './servers.ts'
import { showOn } from './show.ts'

interface DevOptions {
  only?: Part[]
  temporalAddress?: string
  databaseUrl?: string
  awsPort?: number
  temporalPort?: number
  temporalUiPort?: number
  postgresPort?: number
}

export async function dev(mesh: string | undefined, options: DevOptions): Promise<number> {
  if (mesh !== undefined && !existsSync(mesh))
    throw new CommandFailure(EXIT.failed, `There is no folder ${mesh}. A first mesh is written by: sluice init my-mesh`)
  if (mesh !== undefined && options.only)
    throw new CommandFailure(EXIT.failed, 'A mesh needs the whole stack: leave out --only, or the mesh.')
  return untilInterrupted(async (signal) => {
    signal.addEventListener('abort', () => say('\nStopping everything; Ctrl-C again ends at once …'))
    const stack = await startLocalStack({
      name: 'dev',
      workingFolder: process.cwd(),
      meshFolder: mesh,
      ...(options.only && { parts: options.only }),
      ports: toPorts(options),
      temporalAddress: options.temporalAddress,
      databaseUrl: options.databaseUrl,
      temporalCli: process.env['SLUICE_TEMPORAL_CLI'],
      settings: {
        SLUICE_GLUE_CHECK_SECONDS: '30',
        SLUICE_CATALOG_POLL_SECONDS: '2',
        SLUICE_GLUE_CAPACITY_SECONDS: '5',
      },
      actor: 'sluice dev',
      show: showOn(process.stderr),
      signal,
    })
    const leaving = new AbortController()
    try {
      say(`\n${toHints(stack, commandName())}`)
      for (const role of stack.roles.values()) void watchRole(role, AbortSignal.any([signal, leaving.signal]))
      const ended = await Promise.race([aborted(signal), firstEnd(stack)])
      if (!ended) return EXIT.interrupted
      say(describeEnd(ended, stack, mesh, options))
      return EXIT.failed
    } finally {
      leaving.abort()
      if (!signal.aborted) say('Stopping everything …')
      await stack.stop()
    }
  })
}

const toPorts = ({ awsPort, temporalPort, temporalUiPort, postgresPort }: DevOptions) => ({
  ...{ aws: awsPort, temporal: temporalPort, temporalUi: temporalUiPort, postgres: postgresPort },
})

const say = (text: string): void => void process.stderr.write(`${text}\n`)

const toHints = ({ record, servers, deployed }: LocalStack, command: string): string =>
  [
    `Stack ${pc.bold(record.id)} is up until Ctrl-C. From another terminal, in this folder:`,
    `  eval "$(${command} dev env)"   for psql "$DATABASE_URL", temporal, aws`,
    ...(deployed ? [`  ${command} status`, `  ${command} doctor`] : []),
    ...(servers.temporalUi ? [`Temporal UI: ${servers.temporalUi}`] : []),
  ].join('\n')

/** A server that ends by itself: the rest is then stopped. */
const firstEnd = ({ servers }: LocalStack): Promise<RunningProcess> =>
  Promise.race(servers.processes.map(async (process) => (await process.exited, process)))

/** A role may be killed to see what happens: nothing is lost, and another may take its place. */
async function watchRole(role: RunningProcess, leaving: AbortSignal): Promise<void> {
  await role.exited
  if (leaving.aborted) return
  say(`${role.name} has ended. Its last lines, of ${role.logFile}:\n${role.lastLines()}`)
  say(`The rest goes on. To start it again: ${commandName()} ${role.name}`)
}

function describeEnd(
  ended: RunningProcess,
  { folder, servers }: LocalStack,
  mesh: string | undefined,
  options: DevOptions,
): string {
  const { name, logFile } = ended
  const started = servers.processes.map((process) => process.name)
  const { only, temporalAddress, databaseUrl } = options
  const made = { folder, started, mesh, only, temporalAddress, databaseUrl, ports: toPorts(options) }
  return toServerEnd({ name, logFile, lastLines: ended.lastLines() }, made, commandName())
}
