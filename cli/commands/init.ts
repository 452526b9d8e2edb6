// `sluice init`: a first mesh of one's own.
import { Command } from '@commander-js/extra-typings'

export const createInitCommand = () =>
  new Command('init')
    .description('Write a commented first mesh with its jobs into a new folder')
    .argument('<folder>', 'an empty or new folder')
    .addHelpText(
      'after',
      '\nExit code 5 when the folder is not empty: nothing is overwritten.\n\nExample:\n  sluice init my-mesh && sluice dev my-mesh/mesh',
    )
    .action(async (folder) => {
      const { init } = await import('../init.ts')
      process.exitCode = init(folder)
    })
