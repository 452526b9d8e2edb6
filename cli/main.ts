// Entry of the command line, run by sluice.mjs. In: arguments. Out: what the command says; its exit code.
// Never: a stack trace for what a person can mend; a word to a pipe that nobody reads any more.
import { readFileSync } from 'node:fs'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { tellWhenInterrupted, toRefusal } from './asked-action.ts'
import { toExitCode, toSentence } from './failure.ts'
import { printJson, talk } from './output.ts'
import { createProgram } from './program.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

// `sluice status | head` closes our output early: that is no error.
process.stdout.on('error', () => process.exit())
// A terminal that was closed must not keep `sluice dev` from stopping what it started.
process.stderr.on('error', () => undefined)

let asked: CommandUnknownOpts | undefined
try {
  const program = createProgram(version).hook('preAction', (_program, command) => {
    asked = command
    tellWhenInterrupted(command)
  })
  await program.parseAsync()
} catch (error) {
  const refusal = asked && toRefusal(asked, error)
  if (refusal) printJson(refusal)
  talk(`sluice: ${toSentence(error)}`)
  if (process.env['SLUICE_DEBUG']) process.stderr.write(`${(error as Error).stack}\n`)
  process.exitCode = toExitCode(error)
}
