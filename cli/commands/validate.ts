// `sluice validate`: definitions checked offline, all problems at once.
import { Command } from '@commander-js/extra-typings'
import { outputOption } from '../options.ts'

export const createValidateCommand = () =>
  new Command('validate')
    .description('Check definition files, without a connection to anything')
    .argument('<paths...>', 'files or folders of .yaml definitions')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit code 0 when all is right, 1 when there are problems.\n\nExample:\n  sluice validate examples/mesh',
    )
    .action(async (paths, { output }) => {
      const [{ readMesh }, { checkMesh }, { toProblemText }, { print, printJson, talk, toCount }] = await Promise.all([
        import('../../catalog/read-mesh.ts'),
        import('../../catalog/check-mesh.ts'),
        import('../../catalog/problem.ts'),
        import('../output.ts'),
      ])
      const parsed = await readMesh(...paths)
      const checked = checkMesh(parsed)
      const problems = checked.kind === 'invalid' ? checked.problems : []
      const { length: products } = parsed.products
      if (output === 'json') printJson({ valid: problems.length === 0, products, problems, notes: checked.notes })
      else {
        for (const problem of problems) print(toProblemText(problem))
        for (const note of checked.notes) print(`note: ${toProblemText(note)}`)
      }
      if (problems.length > 0) talk(`${toCount(problems.length, 'problem')}.`)
      else talk(`All right: ${toCount(products, 'product')} of ${toCount(parsed.domains.length, 'domain')}.`)
      process.exitCode = problems.length > 0 ? 1 : 0
    })
