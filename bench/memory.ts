// Memory of the whole local stack, as `sluice dev` keeps it up, with three domains, at rest. PSS: shared pages counted once.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { startProcess } from '../sandbox/processes.ts'
import { listLiveStacks } from '../sandbox/stacks.ts'
import type { Measured, RunOptions } from './stage.ts'
import { pssMb } from './usage.ts'

const fileOf = (relative: string): string => fileURLToPath(new URL(`../${relative}`, import.meta.url))
/** What Airflow 3.3 needs idle on a machine of this size. */
const AIRFLOW_MB = 1_030
const REST_MS = 60_000

export async function measureMemory(options: RunOptions): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-bench-'))
  const launcher = await startProcess({
    ...{ name: 'sluice dev', command: process.execPath, args: [fileOf('sluice.mjs'), 'dev', fileOf('examples/mesh')] },
    ...{ cwd: folder, logFile: path.join(folder, 'dev.log'), readyWhen: /is up until Ctrl-C/, readyWithinMs: 300_000 },
    graceMs: 60_000,
  })
  try {
    options.say('memory: the stack is up, and rests')
    await pause(options.isQuick ? REST_MS / 6 : REST_MS)
    const parts = listLiveStacks(folder).flatMap(({ processes }) => processes)
    const figures = parts.map(({ name, pid }) => ({ name, value: pssMb(pid), unit: 'MB' }))
    const whole = pssMb(launcher.pid)
    return {
      ...{ scenario: 'memory', title: 'the whole local stack with three domains, idle', series: [] },
      figures: [...figures, { name: 'all, with `sluice dev` itself and its launcher', value: whole, unit: 'MB' }],
      goals: [{ what: 'MB of all, below Airflow’s', found: whole, limit: AIRFLOW_MB, kind: 'at most' }],
      notes: [
        'PSS of each process with its descendants after a minute of rest; the development server of Temporal, as `npm start` has it.',
      ],
      servers: { temporal: 'Temporal development server', postgres: 'embedded 17' },
    }
  } finally {
    await launcher.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
