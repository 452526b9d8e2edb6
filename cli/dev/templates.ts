// Which templates a mesh is deployed from. In: its plan. Out: the stacks, from a folder that was named, from those that
// are committed, or from the CDK app, whose output is kept by content. Never: templates of another plan.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { TEMPLATES } from '../../infra/example.ts'
import { hashOf, type Plan } from '../../infra/plan.ts'
import { SANDBOX_KINDS } from '../../infra/read-plan.ts'
import type { Stack } from '../../sandbox/cloudformation/deploy.ts'
import { plainEnvironment } from '../../sandbox/processes.ts'
import { readStackList, readStacks } from '../../sandbox/cloudformation/read-stacks.ts'

export interface TemplatesOrder {
  plan: Plan
  meshFolder: string
  templatesFolder?: string
  templatesCache: string
  say?: (line: string) => void
}

const INFRA = fileURLToPath(new URL('../../infra', import.meta.url))

export async function findTemplates(order: TemplatesOrder): Promise<Stack[]> {
  const { plan, templatesFolder, templatesCache } = order
  if (templatesFolder !== undefined) {
    const given = await readIfOf(plan, templatesFolder)
    if (given) return given
    throw new Error(
      `${templatesFolder} has no templates of this mesh as it is now. Make them: ${toCommand(order, templatesFolder)}`,
    )
  }
  const kept = path.join(templatesCache, hashOf(plan).slice(0, 12) + sourceHash().slice(0, 12))
  const found = (await readIfOf(plan, fileURLToPath(TEMPLATES))) ?? (await readIfOf(plan, kept))
  if (found) return found
  await synthesiseInto(kept, order)
  const made = await readIfOf(plan, kept)
  if (made) return made
  throw new Error(`The templates in ${kept} are of another plan: the mesh changed while they were made. Start again.`)
}

async function readIfOf(plan: Plan, folder: string): Promise<Stack[] | undefined> {
  const list = await readStackList(folder)
  return list?.plan === hashOf(plan) ? readStacks(folder, list) : undefined
}

/** In a process of its own: the CDK's memory goes with it. */
async function synthesiseInto(folder: string, order: TemplatesOrder): Promise<void> {
  requireCdk(order)
  order.say?.('templates of its stacks are made, and kept for the next time')
  const making = `${folder}-${process.pid}`
  mkdirSync(path.dirname(folder), { recursive: true })
  try {
    const env = plainEnvironment()
    await promisify(execFile)(process.execPath, toArguments(order, making), { env }).catch((cause: unknown) => {
      const { stderr = '' } = cause as { stderr?: string }
      throw new Error(`Could not make the templates of ${order.meshFolder}:\n${stderr.trim()}`, { cause })
    })
    // Another start may have been faster, with the same content.
    if (!existsSync(folder)) renameSync(making, folder)
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}

const toArguments = ({ plan, meshFolder }: TemplatesOrder, out: string): string[] => [
  ...[path.join(INFRA, 'app.ts'), '--mesh', meshFolder, '--out', out, '--region', plan.region],
  ...['--central-account', plan.centralAccount, '--scripts', SANDBOX_KINDS.join(','), '--unchecked'],
]

/** An image for production, or an install without development packages, has no CDK. */
function requireCdk(order: TemplatesOrder): void {
  try {
    import.meta.resolve('aws-cdk-lib/core')
  } catch (cause) {
    throw new Error(
      `The stacks of ${order.meshFolder} need templates, and aws-cdk-lib, which makes them, is not installed here. ` +
        `Where it is: ${toCommand(order, 'templates')}. Then here: sluice dev deploy ${order.meshFolder} --templates templates`,
      { cause },
    )
  }
}

const toCommand = (order: TemplatesOrder, out: string): string =>
  ['node', ...toArguments(order, out).map((word) => (word.startsWith(INFRA) ? 'infra/app.ts' : word))].join(' ')

/** A change of the stacks makes other templates of the same plan. */
function sourceHash(): string {
  const hash = createHash('sha256')
  for (const file of readdirSync(INFRA).sort()) {
    if (file.endsWith('.ts')) hash.update(readFileSync(path.join(INFRA, file)))
  }
  return hash.digest('hex')
}
