// Templates as files. In: synthesised stacks and the hash of their plan. Out: a template each and `stacks.json`, which
// says what they were made from and in which order they are deployed. Never: leaves a template of a stack that is gone.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { hashOf, type Plan } from './plan.ts'
import type { SynthesisedStack } from './synthesise.ts'

export function writeStacks(folder: string, plan: Plan, stacks: SynthesisedStack[]): void {
  mkdirSync(folder, { recursive: true })
  for (const file of readdirSync(folder)) if (file.endsWith('.template.json')) rmSync(path.join(folder, file))
  for (const [file, text] of toFiles(plan, stacks)) writeFileSync(path.join(folder, file), text)
}

/** The same before they are files. */
export function toFiles(plan: Plan, stacks: SynthesisedStack[]): Map<string, string> {
  const listed = stacks.map(({ stack, account, region }) => ({ stack, account, region, file: fileOf(stack) }))
  return new Map([
    ...stacks.map(({ stack, template }) => [fileOf(stack), toText(template)] as const),
    // Last: who finds it finds whole templates.
    ['stacks.json', toText({ plan: hashOf(plan), stacks: listed })] as const,
  ])
}

const fileOf = (stack: string): string => `${stack}.template.json`

const toText = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`
