// The workflow bundle: built once, named by its content. In: nothing, or a file built before. Out: code and build id.
// Never: a build id that differs between two builds of the same sources.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'

const WORKFLOWS = fileURLToPath(new URL('../workflows/index.ts', import.meta.url))

/** Builds and keeps the bundle, by one rename, so that several roles may read the file while another writes it. */
export async function buildBundle(file: string): Promise<void> {
  const { code } = await bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: new DefaultLogger('WARN') })
  await mkdir(path.dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}.tmp`
  await writeFile(temporary, code)
  await rename(temporary, file)
}

/** What a worker runs: the file given, else a bundle made now. */
export async function openBundle(file: string | undefined): Promise<{ code: string; buildId: string }> {
  const code = file
    ? await readFile(file, 'utf8')
    : (await bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: new DefaultLogger('WARN') })).code
  return { code, buildId: toBuildId(code) }
}

/** Sixteen hex digits of the code without its source map, which holds paths of the building machine. */
export const toBuildId = (code: string): string =>
  createHash('sha256')
    .update(code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, ''))
    .digest('hex')
    .slice(0, 16)
