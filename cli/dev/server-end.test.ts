import { expect, test } from 'vitest'
import { toServerEnd } from './server-end.ts'

const ended = { name: 'Temporal', logFile: '/w/.sluice/stacks/dev-1/temporal.log', lastLines: 'panic: no space' }
const stack = { folder: '/w/.sluice/stacks/dev-1', started: ['AWS sandbox', 'Temporal', 'PostgreSQL'] }

test('of a whole stack it is said what died, what is kept, what is gone, and how to run it again', () => {
  expect(toServerEnd(ended, { ...stack, mesh: 'my mesh/mesh', only: undefined }, 'sluice').split('\n')).toEqual([
    'Temporal has ended, and the stack does not go on without it. Its last lines, of /w/.sluice/stacks/dev-1/temporal.log:',
    'panic: no space',
    'Kept: the logs, and the ledger of the AWS sandbox, in /w/.sluice/stacks/dev-1.',
    'Gone with the stack: its database; the cycles, open and closed, in Temporal; ' +
      'the queues, buckets and Glue runs of the AWS sandbox. Servers that it did not start keep what they have.',
    "To run it again, from the beginning: sluice dev 'my mesh/mesh'",
  ])
})

test('what lies in servers that the stack did not start is not called gone', () => {
  const told = toServerEnd(ended, { ...stack, started: ['Temporal'], mesh: undefined, only: ['temporal'] }, 'sluice')
  expect(told).toContain('Gone with the stack: the cycles, open and closed, in Temporal. Servers that it did not start')
  expect(told).toContain('Kept: the logs in /w')
  expect(told).toMatch(/: sluice dev --only temporal$/)
})
