// `sluice completion`: scripts for shells; `sluice complete`, which those call.
import { Argument, Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { SHELLS } from '../completion-scripts.ts'

const HELP = `
Completes commands, options and their values, and from the mirror the names of cycles, products, domains, owners and events:
those of the mesh that the command would work on. Where no mirror answers at once, names are left out.

Load it in each shell; for fish once:
  eval "$(sluice completion bash)"                                          # in ~/.bashrc
  eval "$(sluice completion zsh)"                                           # in ~/.zshrc, after compinit
  sluice completion fish > ~/.config/fish/completions/sluice.fish

Example:
  eval "$(sluice completion bash)"`

export const createCompletionCommand = () =>
  new Command('completion')
    .description('Print the script that completes commands, options and names in a shell')
    .addArgument(new Argument('<shell>', 'which').choices(SHELLS))
    .addHelpText('after', HELP)
    .action(async (shell) => {
      const [{ toScript }, { nameFromAnywhere }] = await Promise.all([
        import('../completion-scripts.ts'),
        import('../command-name.ts'),
      ])
      process.stdout.write(toScript(shell, nameFromAnywhere()))
    })

/** For the scripts alone. Its program is the one whose words it completes. */
export const createCompleteCommand = () =>
  new Command('complete')
    .description('Print what may come next, a line each')
    .argument('[words...]', 'all words after the name of the program, the last as far as it is typed')
    .addHelpText(
      'after',
      '\nWhat the scripts of `sluice completion` call.\n\nExample:\n  sluice complete -- status --st',
    )
    .action(async (words, _options, command) => {
      const { printCandidates } = await import('../complete.ts')
      const hangs = await printCandidates(command.parent as CommandUnknownOpts, words)
      if (hangs) process.exit()
    })
