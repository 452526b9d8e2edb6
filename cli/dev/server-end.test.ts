import { expect, test } from 'vitest'
import { toServerEnd } from './server-end.ts'

const ended = { name: 'Temporal', logFile: '/w/.sluice/stacks/dev-1/temporal.log', lastLines: 'panic: no space' }
const stack = {
  ...{ folder: '/w/.sluice/stacks/dev-1', started: ['AWS sandbox', 'Temporal', 'PostgreSQL'] },
  ...{ temporalAddress: undefined, databaseUrl: undefined, ports: {} },
}

test('of a whole stack it is said what died, what is kept, what is gone, and how to run it again', () => {
  expect(toServerEnd(ended, { ...stack, mesh: 'my mesh/mesh', only: undefined }, 'sluice').split('\n')).toEqual([
    'Temporal has ended, and the stack does not go on without it. Its last lines, of /w/.sluice/stacks/dev-1/temporal.log:',
    'panic: no space',
    'Kept: the logs, and the ledger of the AWS sandbox, in /w/.sluice/stacks/dev-1.',
    'Gone with the stack: its database; the cycles, open and closed, in Temporal; ' +
      'the queues, buckets and Glue runs of the AWS sandbox.',
    "To run it again, from the beginning: sluice dev 'my mesh/mesh'",
  ])
})

test('what lies in servers that the stack did not start is not called gone', () => {
  const own = { started: ['Temporal'], mesh: undefined, databaseUrl: 'postgres://ann:secret@db/x' }
  const told = toServerEnd(ended, { ...stack, ...own, only: ['temporal', 'postgres'] }, 'sluice')
  expect(told).toContain('Gone with the stack: the cycles, open and closed, in Temporal. Servers that it did not start')
  expect(told).toContain('Kept: the logs in /w')
  expect(told).toMatch(
    /: sluice dev --only temporal,postgres --database-url … \(… is the address of your database, as before\)$/,
  )
})

test('it is run again with the same servers and ports, and no password is shown', () => {
  const told = toServerEnd(
    ended,
    {
      ...{ ...stack, started: ['AWS sandbox'], mesh: 'mesh', only: undefined, temporalAddress: 'temporal.lan:7233' },
      ...{ databaseUrl: 'postgres://ann:secret@db/x', ports: { aws: 4566, temporal: undefined, temporalUi: 8080 } },
    },
    'sluice',
  )
  expect(told).toContain(
    'sluice dev mesh --temporal-address temporal.lan:7233 --database-url … --aws-port 4566 --temporal-ui-port 8080',
  )
  expect(told).not.toContain('secret')
})
