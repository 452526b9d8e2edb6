// In: a stack and an account. Out: its variables on stdout, for `eval` or as JSON.
import { chooseStack } from '../../sandbox/stacks.ts'
import { quote } from '../command-name.ts'
import { type Output, print, printJson } from '../output.ts'
import { toEnvironment } from '../stack-environment.ts'

export function printEnvironment(options: { account: string; stack?: string; output: Output }): void {
  const variables = toEnvironment(chooseStack(options.stack), options.account)
  if (options.output === 'json') return printJson(variables)
  // A profile would win over the credentials below.
  print('unset AWS_PROFILE AWS_SESSION_TOKEN')
  for (const [name, value] of Object.entries(variables)) print(`export ${name}=${quote(value)}`)
}
