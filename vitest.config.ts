// In: the rings of tests. Out: one vitest project per ring, so that each can run alone (`vitest run --project pure`).
// Never: a heavy ring with two files at once; they share two cores and real servers.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const MINUTE_MS = 60_000
const setupFiles = ['test/no-colours.ts']

export default defineConfig({
  test: {
    // The Temporal SDK's native part crashes in worker threads.
    pool: 'forks',
    projects: [
      {
        test: {
          name: 'pure',
          setupFiles,
          pool: 'forks',
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', 'test/**', '.sluice/**', 'dist/**'],
          // vitest alone would leave a core free.
          maxWorkers: 2,
          // Files share the modules that they import, which is half of the time: none of them is mocked or changed.
          isolate: false,
          sequence: { groupOrder: 2 },
          // Properties run hundreds of cases; a machine that is busy must not fail them.
          testTimeout: 5 * MINUTE_MS,
        },
      },
      {
        resolve: {
          alias: {
            // The product's own code, on simulated time.
            '@temporalio/workflow': fileURLToPath(new URL('test/simulation/temporal-workflow.ts', import.meta.url)),
            'node:timers/promises': fileURLToPath(new URL('test/simulation/timers-promises.ts', import.meta.url)),
          },
        },
        test: {
          name: 'simulation',
          setupFiles,
          pool: 'forks',
          // Both halves of the seeds at once; vitest alone would leave a core free.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          include: ['test/simulation/**/*.test.ts', 'test/scenarios/**/*.test.ts'],
          testTimeout: 2 * MINUTE_MS,
        },
      },
      heavyRing('contract', ['test/contract/**/*.test.ts']),
      heavyRing('services', ['test/services/**/*.test.ts']),
      heavyRing('workflows', ['test/workflows/**/*.test.ts', 'test/replay/**/*.test.ts']),
      heavyRing('end-to-end', ['test/end-to-end/**/*.test.ts']),
      heavyRing('chaos', ['test/chaos/**/*.test.ts']),
    ],
  },
})

function heavyRing(name: string, include: string[]) {
  const setUp = `test/${name}/global-setup.ts`
  return {
    test: {
      name,
      setupFiles,
      include,
      pool: 'forks' as const,
      fileParallelism: false,
      globalSetup: existsSync(setUp) ? [setUp] : [],
      // More than the patience of eventually.ts.
      testTimeout: 6 * MINUTE_MS,
      // Servers start, and are fetched, in hooks.
      hookTimeout: 10 * MINUTE_MS,
      teardownTimeout: MINUTE_MS,
    },
  }
}
