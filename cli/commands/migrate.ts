// `sluice migrate`: the database as this version needs it.
import { Command } from '@commander-js/extra-typings'
import { outputOption, stackOption } from '../options.ts'

export const createMigrateCommand = () =>
  new Command('migrate')
    .description('Bring the database to the schema of this version; may run again, and by several at once')
    .option('--login <domain>', 'also make the login of that domain’s roles; may be given several times', collect, [])
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Forward only. A login gets the password in SLUICE_LOGIN_PASSWORD, else one made up and shown once; without that setting
a login that is there already keeps its own. Exit code 1 when the database has a migration that this version does not know, or
knows otherwise: then nothing was changed.

Example:
  DATABASE_URL=postgres://owner:secret@db:5432/sluice sluice migrate --login d1`,
    )
    .action(async (options) => {
      const { migrateDatabase } = await import('../migrate.ts')
      process.exitCode = await migrateDatabase(options)
    })

const collect = (value: string, before: string[]): string[] => [...before, value]
