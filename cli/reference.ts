// docs/cli.md. In: the program. Out: one page about every command, from what the commands say of themselves.
// Never: something of the machine or the user at work; the page is compared with the committed one.
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { EXIT } from './failure.ts'

const HEAD = `# The command line

Made from the commands themselves by \`node cli/write-reference.ts\`; a test holds this page against the code.

Run from a checkout, \`sluice\` is \`node sluice.mjs\`. Data goes to stdout, talk and errors to stderr, so that \`-o json\` can
be piped. \`NO_COLOR\` turns colours off; \`SLUICE_DEBUG=1\` adds the stack trace to an error.

Which mesh a command works on: the local stack named by \`--stack\`; else the servers that \`TEMPORAL_ADDRESS\` or
\`DATABASE_URL\` name, if one is set; else the only local stack that was started from this folder.

| exit code | means |
| --- | --- |
| 0 | done |
| ${EXIT.failed} | failed; the sentence on stderr says what, and what to do |
| ${EXIT.notAllowed} | not allowed, such as a rerun of a cycle that has not run yet |
| ${EXIT.conflict} | conflict: it is there already, or somebody else was quicker |
| ${EXIT.interrupted} | interrupted |
`

export function toReference(program: CommandUnknownOpts): string {
  const seen = program.createHelp().visibleCommands(program)
  const commands = program.commands.filter((command) => seen.includes(command))
  return `${[HEAD, ...commands.flatMap((command) => toSections(command))].join('\n')}`
}

function toSections(command: CommandUnknownOpts): string[] {
  return [toSection(command), ...command.commands.flatMap((part) => toSections(part))]
}

function toSection(command: CommandUnknownOpts): string {
  const help = command.createHelp()
  const parts = help.visibleCommands(command).map((part) => [part.name(), help.subcommandDescription(part)])
  const takes = help
    .visibleArguments(command)
    .map((argument) => [help.argumentTerm(argument), help.argumentDescription(argument)])
  const options = help
    .visibleOptions(command)
    .filter(({ long }) => long !== '--help')
    .map((option) => [option.flags, help.optionDescription(option) + (option.mandatory ? ' (compulsory)' : '')])
  return [
    `## ${namesOf(command).join(' ')}\n`,
    `${command.description()}.\n`,
    `\`\`\`text\n${help.commandUsage(command)}\n\`\`\`\n`,
    ...toTable('command', parts),
    ...toTable('argument', takes),
    ...toTable('option', options),
    ...toAfterword(command),
  ].join('\n')
}

const namesOf = (command: CommandUnknownOpts): string[] =>
  command.parent ? [...namesOf(command.parent), command.name()] : [command.name()]

function toTable(head: string, rows: string[][]): string[] {
  if (rows.length === 0) return []
  const lines = rows.map(([term = '', said = '']) => `| \`${term.replaceAll('|', '\\|')}\` | ${escape(said)} |`)
  return [`| ${head} | |\n| --- | --- |\n${lines.join('\n')}\n`]
}

const escape = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<')

/** What `addHelpText` added, which only the whole output of `--help` holds. */
function toAfterword(command: CommandUnknownOpts): string[] {
  let said = ''
  command.configureOutput({ writeOut: (text) => void (said += text), getOutHasColors: () => false })
  command.outputHelp()
  const text = said.slice(command.helpInformation().length).trim()
  return text === '' ? [] : [`\`\`\`text\n${text}\n\`\`\`\n`]
}
