// `sluice doctor`: is everything there that Sluice needs, and as it must be?
import { Command } from '@commander-js/extra-typings'
import { outputOption, stackOption } from '../options.ts'

export const createDoctorCommand = () =>
  new Command('doctor')
    .description('Check Temporal, PostgreSQL and AWS, and say what to do about each problem')
    .argument('[domains...]', 'which domains; on a local stack all of them unless told')
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit code 1 when there is a problem; each comes with what to do.\n\nExamples:\n  sluice doctor d1\n  sluice doctor -o json',
    )
    .action(async (domains, options) => {
      const { doctor } = await import('../doctor.ts')
      process.exitCode = await doctor(domains, options)
    })
