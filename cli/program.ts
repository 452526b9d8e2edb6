// The command line as a tree of commands. In: the version to name. Out: the program; nothing of it has run.
// Never: loads Temporal, AWS or the database, which every `--help` would pay for.
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { createApplyCommand } from './commands/apply.ts'
import { createAuditCommand } from './commands/audit.ts'
import { createBackfillCommand } from './commands/backfill.ts'
import { createCalendarCommand } from './commands/calendar.ts'
import { createCancelCommand } from './commands/cancel.ts'
import { createCompleteCommand, createCompletionCommand } from './commands/completion.ts'
import { createDemoCommand } from './commands/demo.ts'
import { createDevCommand } from './commands/dev.ts'
import { createDoctorCommand } from './commands/doctor.ts'
import { createEventsCommand } from './commands/events.ts'
import { createExplainCommand } from './commands/explain.ts'
import { createExternalCommand } from './commands/external.ts'
import { createHoldCommand } from './commands/hold.ts'
import { createInitCommand } from './commands/init.ts'
import { createLogsCommand } from './commands/logs.ts'
import { createMigrateCommand } from './commands/migrate.ts'
import { createOpenCommand } from './commands/open.ts'
import { createReleaseCommand } from './commands/release.ts'
import { createRerunCommand } from './commands/rerun.ts'
import { createBridgeCommand, createWorkerCommand } from './commands/role.ts'
import { createSimulateCommand } from './commands/simulate.ts'
import { createSkipCommand } from './commands/skip.ts'
import { createSlaCommand } from './commands/sla.ts'
import { createStatusCommand } from './commands/status.ts'
import { createUpgradeCommand } from './commands/upgrade.ts'
import { createValidateCommand } from './commands/validate.ts'
import { createVerifyCommand } from './commands/verify.ts'
import { createWaiveCommand } from './commands/waive.ts'
import { refuseOptionsAsTexts } from './options.ts'

const createGroups = (): Record<string, CommandUnknownOpts[]> => ({
  'Try it:': [createDemoCommand(), createDevCommand(), createInitCommand()],
  'Definitions:': [
    createValidateCommand(),
    createSimulateCommand(),
    createExternalCommand(),
    createApplyCommand(),
    createCalendarCommand(),
  ],
  'Cycles:': [
    createStatusCommand(),
    createSlaCommand(),
    createExplainCommand(),
    createLogsCommand(),
    createOpenCommand(),
    createRerunCommand(),
    createSkipCommand(),
    createWaiveCommand(),
    createHoldCommand(),
    createReleaseCommand(),
    createCancelCommand(),
    createBackfillCommand(),
    createUpgradeCommand(),
  ],
  'Operation:': [
    createEventsCommand(),
    createAuditCommand(),
    createDoctorCommand(),
    createVerifyCommand(),
    createWorkerCommand(),
    createBridgeCommand(),
    createMigrateCommand(),
    createCompletionCommand(),
  ],
})

export function createProgram(version: string): Command {
  const program = new Command('sluice')
    .description('A data product refreshes the moment everything it needs has arrived.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand('help [command]', 'print the help of a command')
    .showHelpAfterError('Run it with --help to see what it takes.')
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'sluice: ')) })
    .addHelpText('after', '\nExamples:\n  sluice demo\n  sluice init my-mesh\n  sluice status --help')
    .hook('preAction', async (_program, command) => {
      // Of actions alone: for all others it is not even loaded.
      if (command.getOptionValueSource('actor') === 'default') await (await import('./actor.ts')).nameActor(command)
    })
  for (const [title, commands] of Object.entries(createGroups())) {
    program.commandsGroup(title)
    for (const command of commands) program.addCommand(command)
  }
  program.addCommand(createCompleteCommand(), { hidden: true })
  inherit(program)
  return program as Command
}

/** Commands made on their own know nothing of the program's manners. */
function inherit(parent: CommandUnknownOpts): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent)
    refuseOptionsAsTexts(command.options)
    inherit(command)
  }
}
