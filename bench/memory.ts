// Memory of the whole local stack, as `npm start` makes it, with three domains, at rest. PSS: shared pages counted once.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startLocalStack } from '../cli/dev/local-stack.ts'
import { silently } from '../cli/dev/show.ts'
import type { Measured, RunOptions } from './stage.ts'
import { pssMb } from './usage.ts'

const MESH = fileURLToPath(new URL('../examples/mesh', import.meta.url))
/** What Airflow 3.3 needs idle on a machine of this size. */
const AIRFLOW_MB = 1_030
const REST_MS = 60_000

export async function measureMemory(options: RunOptions): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-bench-'))
  const stack = await startLocalStack({
    ...{ name: 'bench', workingFolder: folder, meshFolder: MESH, actor: 'bench', show: silently, settings: {} },
  })
  try {
    options.say('memory: the stack is up, and rests')
    await pause(options.isQuick ? REST_MS / 6 : REST_MS)
    const parts = [...stack.servers.processes, ...stack.roles.values()]
    const figures = parts.map(({ name, pid }) => ({ name, value: pssMb(pid), unit: 'MB' }))
    const whole = pssMb(process.pid)
    return {
      ...{ scenario: 'memory', title: 'the whole local stack with three domains, idle', series: [] },
      figures: [...figures, { name: 'all, with the process that started it', value: whole, unit: 'MB' }],
      goals: [{ what: 'MB of all, below Airflow’s', found: whole, limit: AIRFLOW_MB, kind: 'at most' }],
      notes: [
        'PSS of each process with its descendants after a minute of rest; the development server of Temporal, as `npm start` has it.',
      ],
      servers: { temporal: 'Temporal development server', postgres: 'embedded 17' },
    }
  } finally {
    await stack.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
