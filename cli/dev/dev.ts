// From `sluice dev` to its exit code: a stack up until a person stops it. Never: leaves something running.
import { existsSync } from 'node:fs'
import pc from 'picocolors'
import type { RunningProcess } from '../../sandbox/processes.ts'
import { CommandFailure, EXIT } from '../failure.ts'
import { aborted, untilInterrupted } from './interrupt.ts'
import { type LocalStack, startLocalStack } from './local-stack.ts'
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
    const stack = await startLocalStack({
      name: 'dev',
      workingFolder: process.cwd(),
      meshFolder: mesh,
      ...(options.only && { parts: options.only }),
      ports: {
        aws: options.awsPort,
        temporal: options.temporalPort,
        temporalUi: options.temporalUiPort,
        postgres: options.postgresPort,
      },
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
    try {
      process.stderr.write(`\n${toHints(stack)}\n`)
      const ended = await Promise.race([aborted(signal), firstEnd(stack)])
      if (!ended) return EXIT.interrupted
      tellEnd(ended)
      return EXIT.failed
    } finally {
      process.stderr.write('Stopping everything …\n')
      await stack.stop()
    }
  })
}

const toHints = ({ record, servers, deployed }: LocalStack): string =>
  [
    `Stack ${pc.bold(record.id)} is up until Ctrl-C. From another terminal, in this folder:`,
    '  eval "$(sluice dev env)"   for psql "$DATABASE_URL", temporal, aws',
    ...(deployed ? ['  sluice status', '  sluice doctor'] : []),
    ...(servers.temporalUi ? [`Temporal UI: ${servers.temporalUi}`] : []),
  ].join('\n')

/** A server or role that ends by itself: the rest is then stopped. */
const firstEnd = ({ servers, roles }: LocalStack): Promise<RunningProcess> =>
  Promise.race([...servers.processes, ...roles.values()].map(async (process) => (await process.exited, process)))

const tellEnd = ({ name, logFile, lastLines }: RunningProcess): void =>
  void process.stderr.write(`${name} has ended. Its last lines, of ${logFile}:\n${lastLines()}\n`)
