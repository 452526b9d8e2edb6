// `sluice dev`: a local stack to work on; `sluice dev env`: how other tools reach it.
import { Command, InvalidArgumentError } from '@commander-js/extra-typings'
import {
  actorOption,
  databaseUrlOption,
  outputOption,
  parsePort,
  stackOption,
  temporalAddressOption,
} from '../options.ts'

const PARTS = ['aws', 'temporal', 'postgres'] as const

const createEnv = () =>
  new Command('env')
    .description('Print the variables of a running local stack as shell assignments')
    .option('--account <name>', '`central` or a domain: whose AWS account and database login', 'central')
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  eval "$(sluice dev env --account d1)" && aws events list-event-buses')
    .action(async (options) => {
      const { printEnvironment } = await import('../dev/print-environment.ts')
      printEnvironment(options)
    })

const createDeploy = () =>
  new Command('deploy')
    .description('Put a mesh onto a sandbox AWS and a database that run already')
    .argument('<mesh>', 'folder of definitions; the Glue scripts are in jobs/ in or beside it')
    .option('--templates <folder>', 'templates that `node infra/app.ts` has made; found or made unless told')
    .addOption(actorOption())
    .addHelpText(
      'after',
      `
Makes buses, queues, buckets, jobs, tables and logins, then applies the definitions; may run again.
AWS_ENDPOINT_URL and DATABASE_URL say where.

Example:
  eval "$(sluice dev env)" && sluice dev deploy examples/mesh`,
    )
    .action(async (mesh, options) => {
      const { deploy } = await import('../dev/deploy.ts')
      process.exitCode = await deploy(mesh, options)
    })

export const createDevCommand = () =>
  new Command('dev')
    .description('Start a local stack with a mesh of your own and keep it up until Ctrl-C')
    .argument('[mesh]', 'folder of definitions; the Glue scripts are in jobs/ in or beside it')
    .option('--only <parts>', `start just these of ${PARTS.join(',')}, and no mesh`, parseParts)
    .addOption(temporalAddressOption('use this Temporal server instead of starting one'))
    .addOption(databaseUrlOption('use this PostgreSQL instead of starting one'))
    .option('--aws-port <port>', 'port of the AWS sandbox; free ports are found unless told', parsePort)
    .option('--temporal-port <port>', 'port of the Temporal server', parsePort)
    .option('--temporal-ui-port <port>', 'port of the Temporal UI', parsePort)
    .option('--postgres-port <port>', 'port of PostgreSQL', parsePort)
    .addCommand(createEnv())
    .addCommand(createDeploy())
    .addHelpText(
      'after',
      `
A worker or bridge that dies is named, and the rest goes on. When a server dies, the stack stops; its logs are kept, its
data is not: what lives longer belongs on servers of your own.

Examples:
  sluice dev examples/mesh
  sluice dev --only temporal,postgres`,
    )
    .action(async (mesh, options) => {
      const { dev } = await import('../dev/dev.ts')
      process.exitCode = await dev(mesh, options)
    })

function parseParts(text: string): (typeof PARTS)[number][] {
  const names = text.split(',').map((name) => name.trim())
  const wrong = names.filter((name) => !PARTS.some((part) => part === name))
  if (wrong.length > 0)
    throw new InvalidArgumentError(`There is no part ${wrong.join(', ')}; parts are ${PARTS.join(', ')}.`)
  return PARTS.filter((part) => names.includes(part))
}
