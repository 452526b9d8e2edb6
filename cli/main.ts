// Entry of the command line, run by sluice.mjs. In: arguments. Out: what the command says; its exit code.
// Never: loads Temporal, AWS or the database for --help; a stack trace for what a person can mend.
import { readFileSync } from 'node:fs'
import { Command } from '@commander-js/extra-typings'
import { createApplyCommand } from './commands/apply.ts'
import { createBridgeCommand, createWorkerCommand } from './commands/role.ts'
import { createDemoCommand } from './commands/demo.ts'
import { createDevCommand } from './commands/dev.ts'
import { createDoctorCommand } from './commands/doctor.ts'
import { createEventsCommand } from './commands/events.ts'
import { createExplainCommand } from './commands/explain.ts'
import { createInitCommand } from './commands/init.ts'
import { createLogsCommand } from './commands/logs.ts'
import { createMigrateCommand } from './commands/migrate.ts'
import { createOpenCommand } from './commands/open.ts'
import { createRerunCommand } from './commands/rerun.ts'
import { createStatusCommand } from './commands/status.ts'
import { createValidateCommand } from './commands/validate.ts'
import { toExitCode, toSentence } from './failure.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const program = new Command('sluice')
  .description('A data product refreshes the moment everything it needs has arrived.')
  .version(version, '-V, --version')
  .showHelpAfterError('Run it with --help to see what it takes.')
  .showSuggestionAfterError()
  .configureHelp({ sortSubcommands: false })

program.commandsGroup('Try it:')
for (const command of [createDemoCommand(), createDevCommand(), createInitCommand()]) program.addCommand(command)
program.commandsGroup('Definitions:')
for (const command of [createValidateCommand(), createApplyCommand()]) program.addCommand(command)
program.commandsGroup('Cycles:')
for (const command of [createStatusCommand(), createExplainCommand(), createLogsCommand(), createRerunCommand()]) {
  program.addCommand(command)
}
program.addCommand(createOpenCommand())
program.commandsGroup('Operation:')
for (const command of [createEventsCommand(), createDoctorCommand(), createWorkerCommand(), createBridgeCommand()]) {
  program.addCommand(command)
}
program.addCommand(createMigrateCommand())

// `sluice status | head` closes our output early: that is no error.
process.stdout.on('error', () => process.exit())

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`sluice: ${toSentence(error)}\n`)
  if (process.env['SLUICE_DEBUG']) process.stderr.write(`${(error as Error).stack}\n`)
  process.exitCode = toExitCode(error)
}
