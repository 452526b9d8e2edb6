// In: nothing. Out: a Temporal server with Sluice's search attributes, and the bundle of the workflows as they are now.
// Never: left running; its files left behind.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { cacheFolder } from '../../sandbox/cache-folder.ts'
import { findTemporal } from '../../sandbox/temporal/find.ts'
import { startTemporal, type TemporalOptions } from '../../sandbox/temporal/server.ts'
import { buildBundle } from '../../workers/bundle.ts'
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.ts'

/** JSON-plain, because vitest hands it to other processes. */
export interface Ground {
  address: string
  namespace: string
  bundlePath: string
}

export async function openGround(
  options: Pick<TemporalOptions, 'dynamicConfig'> = {},
): Promise<{ ground: Ground; close(): Promise<void> }> {
  const root = mkdtempSync(path.join(tmpdir(), 'sluice-workflows-'))
  const bundlePath = path.join(root, 'workflows.js')
  const namespace = 'mesh'
  const explicit = process.env.SLUICE_TEMPORAL_CLI
  try {
    const found = await findTemporal({ explicit, cacheFolder: cacheFolder(), onProgress: (line) => console.log(line) })
    await buildBundle(bundlePath)
    const server = await startTemporal({
      executable: found.path,
      namespace,
      logFile: path.join(root, 'temporal.log'),
      dbFile: path.join(root, 'temporal.db'),
      searchAttributes: SEARCH_ATTRIBUTES,
      headless: true,
      ...options,
    })
    const close = async (): Promise<void> => {
      await server.stop()
      rmSync(root, { recursive: true, force: true })
    }
    return { ground: { address: server.address, namespace, bundlePath }, close }
  } catch (error) {
    rmSync(root, { recursive: true, force: true })
    throw error
  }
}
