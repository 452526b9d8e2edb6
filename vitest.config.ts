// In: the rings of tests. Out: one vitest project per ring, so that each can run alone (`vitest run --project pure`).
// Never: a heavy ring with two files at once; they share two cores and real servers.
import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const MINUTE_MS = 60_000

export default defineConfig({
  test: {
    // The Temporal SDK's native part crashes in worker threads.
    pool: 'forks',
    projects: [
      {
        test: {
          name: 'pure',
          pool: 'forks',
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', 'test/**', '.sluice/**', 'dist/**'],
          // Properties run hundreds of cases; a machine that is busy must not fail them.
          testTimeout: MINUTE_MS,
        },
      },
      heavyRing('contract', ['test/contract/**/*.test.ts']),
      heavyRing('services', ['test/services/**/*.test.ts']),
      heavyRing('workflows', ['test/workflows/**/*.test.ts', 'test/replay/**/*.test.ts']),
      heavyRing('end-to-end', ['test/end-to-end/**/*.test.ts']),
    ],
  },
})

function heavyRing(name: string, include: string[]) {
  const setUp = `test/${name}/global-setup.ts`
  return {
    test: {
      name,
      include,
      pool: 'forks' as const,
      fileParallelism: false,
      globalSetup: existsSync(setUp) ? [setUp] : [],
      testTimeout: 2 * MINUTE_MS,
      // Servers start, and are fetched, in hooks.
      hookTimeout: 10 * MINUTE_MS,
      teardownTimeout: MINUTE_MS,
    },
  }
}
