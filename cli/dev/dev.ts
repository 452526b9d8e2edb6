// From `sluice dev` to its exit code: a stack up until a person stops it. Never: leaves something running.
import { existsSync } from 'node:fs'
import pc from 'picocolors'
import { commandName } from '../command-name.ts'
import { CommandFailure, EXIT } from '../failure.ts'
import { untilInterrupted } from './interrupt.ts'
import { keepUp } from './keep-up.ts'
import { type LocalStack, startLocalStack } from './local-stack.ts'
import { toDevCommand } from './server-end.ts'
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
        SLUICE_BACKFILL_LOOK_SECONDS: '2',
        SLUICE_GLUE_CAPACITY_SECONDS: '5',
      },
      actor: 'sluice dev',
      show: showOn(process.stderr),
      signal,
    })
    try {
      say(`\n${toHints(stack, commandName())}`)
      const { only, temporalAddress, databaseUrl } = options
      const made = { mesh, only, temporalAddress, databaseUrl, ports: toPorts(options) }
      const how = await keepUp(stack, { say, signal, again: toDevCommand(commandName(), made) })
      return how === 'ended' ? EXIT.failed : EXIT.interrupted
    } finally {
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
