// Which local stack a command means. In: --stack, the process's environment, the records of this folder. Out: a stack or none.
import { chooseStack, listLiveStacks, type StackRecord } from '../sandbox/stacks.ts'
import { CENTRAL, fromRecordAddresses } from './stack-environment.ts'

export interface Choice {
  stack?: string | undefined
}

/** The stack named, else none when the environment names servers of no stack, else the only live one. */
export function chooseLocalStack({ stack }: Choice): StackRecord | undefined {
  const { TEMPORAL_ADDRESS, DATABASE_URL } = process.env
  if (stack !== undefined || !(TEMPORAL_ADDRESS || DATABASE_URL)) return chooseStack(stack)
  // `eval "$(sluice dev env)"` names a stack's servers: then it is that stack, and any of its accounts can be had.
  return listLiveStacks().find(
    ({ addresses }) => addresses['temporalAddress'] === TEMPORAL_ADDRESS && addresses['databaseUrl'] === DATABASE_URL,
  )
}

/** The domains of a stack's mesh. */
export const domainsOf = (stack: StackRecord): string[] =>
  Object.keys(fromRecordAddresses(stack.addresses).accounts).filter((name) => name !== CENTRAL)

/** A profile or a key of the user would win over the stack's own. */
export const isOfServers = (name: string): boolean => /^(AWS|TEMPORAL)_/.test(name)
