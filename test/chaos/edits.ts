// Edits of the stage's definitions, in files and by the real command line. In: a stage. Out: files changed and put back,
// `sluice apply` and `sluice upgrade` as a person calls them, the wait until each bridge goes by what was applied.
// Never: an edit that another case finds.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import { CENTRAL } from '../../cli/stack-environment.ts'
import { domainOf, type ProductId } from '../../model/ids.ts'
import { type Ended, run } from '../end-to-end/cli-process.ts'
import { DOMAINS } from './mesh.ts'
import type { Stage } from './stage.ts'
import { readLedger, until } from './walks.ts'
import { watchLedger } from './witness.ts'

export interface Definitions {
  /** What follows `dependsOn:` in the file of the product. */
  waitsFor(product: string, dependsOn: string): void
  remove(product: string): void
  /** Its Glue job stays the same. */
  rename(product: string, name: string): void
  apply(...flags: string[]): Promise<Ended>
  /** Applies, and waits for the bridges. @throws when it was refused. */
  mustApply(...flags: string[]): Promise<Ended>
  /** Puts the files back as they were, and applies them where anything had been. */
  restore(): Promise<void>
}

export function editDefinitions(stage: Stage): Definitions {
  const fileOf = (product: string): string => path.join(stage.folder, 'mesh', `${product}.yaml`)
  /** Null: there was none. */
  const before = new Map<string, string | null>()
  let isApplied = false
  const write = (product: string, text: string | null): void => {
    if (text === null) rmSync(fileOf(product))
    else writeFileSync(fileOf(product), text)
  }
  const edit = (product: string, change: (text: string) => string | null): void => {
    const text = readFileSync(fileOf(product), 'utf8')
    if (!before.has(product)) before.set(product, text)
    write(product, change(text))
  }
  const apply: Definitions['apply'] = (...flags) =>
    sluice(stage, CENTRAL, 'apply', 'mesh', '--reason', 'an edit of the fault suite', '--actor', 'editor', ...flags)
  const mustApply: Definitions['apply'] = async (...flags) => {
    const applied = await apply(...flags)
    if (applied.code !== 0) throw new Error(`Not applied: ${applied.out}${applied.err}`)
    isApplied = true
    await untilBridgesKnow(stage)
    return applied
  }
  return {
    ...{ apply, mustApply },
    waitsFor: (product, dependsOn) =>
      edit(product, (text) => text.replace(/^dependsOn: .*$/m, `dependsOn: ${dependsOn}`)),
    remove: (product) => edit(product, () => null),
    rename(product, name) {
      const text = readFileSync(fileOf(product), 'utf8')
      edit(product, () => null)
      before.set(name, null)
      write(name, text.replace(`product: ${product}\n`, `product: ${name}\n`))
    },
    async restore() {
      for (const [product, text] of before) write(product, text)
      before.clear()
      if (isApplied) await mustApply('--prune')
      isApplied = false
    },
  }
}

export const upgrade = (stage: Stage, cycle: string): Promise<Ended> =>
  sluice(
    stage,
    domainOf(cycle as ProductId),
    'upgrade',
    cycle,
    '--reason',
    'the edit holds for it',
    '--actor',
    'editor',
  )

export const sluice = (stage: Stage, who: string, ...args: string[]): Promise<Ended> =>
  run(args, stage.folder, stage.environmentOf(who))

/** Only a bridge asks for the catalog with the tag of what it has: told that nothing changed since, it has it all. */
async function untilBridgesKnow(stage: Stage): Promise<void> {
  const seen = await watchLedger(stage)
  await until('every bridge has what was applied', 60_000, async () => {
    const current = (await seen()).filter(
      ({ operation, outcome }) => operation === 'GetObject' && outcome === 'NotModified',
    )
    const accounts = new Set(current.map(({ account }) => account))
    return DOMAINS.every((domain) => accounts.has(stage.accounts[domain] ?? ''))
  })
}

/** How many objects were put into the catalog so far. */
export const countCatalogPuts = async (stage: Stage): Promise<number> =>
  (await readLedger(stage)).filter(({ operation, outcome }) => operation === 'PutObject' && outcome === 'ok').length

/** `explain` says that it goes by an older version, and what can be done; `status` which one is in force. */
export async function expectCarried(stage: Stage, cycle: string, advice: string): Promise<void> {
  const [{ out }, status] = await Promise.all([
    sluice(stage, CENTRAL, 'explain', cycle),
    sluice(stage, CENTRAL, 'status', '--dates', '20', '-o', 'json'),
  ])
  const row = (JSON.parse(status.out) as Versioned[]).find((one) => one.cycle === cycle)
  expect(row?.currentVersion).toBeGreaterThan(row?.definitionVersion ?? Number.NaN)
  expect(out).toContain(`carries version ${row?.definitionVersion}; ${row?.currentVersion} is in force since `)
  expect(out).toContain(advice)
}

interface Versioned {
  cycle: string
  definitionVersion: number
  currentVersion: number
}
