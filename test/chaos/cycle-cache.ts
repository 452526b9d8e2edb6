// Preloaded into a worker's process (`node --import`) by row 16: makes its cap of cached cycles small, or its memory.
// In: the environment below. Out: a line for each cycle that the worker builds, from nothing or from its history.
// Never: a cap where the worker sets none: then it holds all, and the row fails.
import { appendFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Worker } from '@temporalio/worker'

const {
  /** File that gets the lines. */
  SLUICE_CHAOS_CACHE_RECORD: record = '',
  /** By how much smaller the cap shall be than the worker's own. */
  SLUICE_CHAOS_CACHE_PARTS: parts = '1',
  /** Megabytes of heap that a cached cycle takes beyond its own. */
  SLUICE_CHAOS_CACHE_BALLAST_MB: ballastMb = '0',
} = process.env

export interface BuiltCycle {
  cycle: string
  /** Built from its history, because the cache had let it go or the worker was another. */
  isReplay: boolean
  /** Cycles in the cache with this one. */
  cached: number
  /** Undefined: none. */
  cap: number | undefined
}

let cap: number | undefined

const create = Worker.create.bind(Worker)
Worker.create = (options) => {
  const own = options.maxCachedWorkflows
  cap = own && Math.ceil(own / Number(parts))
  return create({ ...options, ...(cap && { maxCachedWorkflows: cap }) })
}

interface Creator {
  createWorkflow(order: Order): Promise<{ dispose(): Promise<void> }>
}

interface Order {
  info: { workflowId: string; unsafe: { isReplaying: boolean } }
}

const { ThreadedVMWorkflowCreator } = createRequire(import.meta.url)(
  '@temporalio/worker/lib/workflow/threaded-vm.js',
) as { ThreadedVMWorkflowCreator: { prototype: Creator } }

/** Of each cycle in the cache. */
const ballasts = new Set<number[][]>()
const NUMBERS_PER_MB = 131_072
const toBallast = (): number[][] =>
  Array.from({ length: Number(ballastMb) }, () => Array.from({ length: NUMBERS_PER_MB }, () => 0.5))

const creator = ThreadedVMWorkflowCreator.prototype
const build = creator.createWorkflow
creator.createWorkflow = async function buildSeen({ info, ...rest }) {
  const { isReplaying } = info.unsafe
  const built = await build.call(this, { info, ...rest })
  const ballast = toBallast()
  ballasts.add(ballast)
  const line: BuiltCycle = { cycle: info.workflowId, isReplay: isReplaying, cached: ballasts.size, cap }
  appendFileSync(record, `${JSON.stringify(line)}\n`)
  const dispose = built.dispose.bind(built)
  built.dispose = () => {
    ballasts.delete(ballast)
    return dispose()
  }
  return built
}
