import { expect, test } from 'vitest'
import { toDevCommand, toServerEnd } from './server-end.ts'

const ended = { name: 'Temporal', logFile: '/w/.sluice/stacks/dev-1/temporal.log', lastLines: 'panic: no space' }
const folder = '/w/.sluice/stacks/dev-1'
const plain = { mesh: undefined, only: undefined, temporalAddress: undefined, databaseUrl: undefined, ports: {} }

test('of a whole stack it is said what died, what is kept, what is gone, and how to run it again', () => {
  const started = ['AWS sandbox', 'Temporal', 'PostgreSQL']
  expect(toServerEnd(ended, { folder, started, hasOthers: false, again: 'npm start' }).split('\n')).toEqual([
    'Temporal has ended, and the stack does not go on without it. Its last lines, of /w/.sluice/stacks/dev-1/temporal.log:',
    'panic: no space',
    'Kept: the logs, and the ledger of the AWS sandbox, in /w/.sluice/stacks/dev-1.',
    'Gone with the stack: its database; the cycles, open and closed, in Temporal; ' +
      'the queues, buckets and Glue runs of the AWS sandbox.',
    'To run it again, from the beginning: npm start',
  ])
})

test('what lies in servers that the stack did not start is not called gone', () => {
  const told = toServerEnd(ended, { folder, started: ['Temporal'], hasOthers: true, again: 'npm start' })
  expect(told).toContain('Gone with the stack: the cycles, open and closed, in Temporal. Servers that it did not start')
  expect(told).toContain('Kept: the logs in /w')
})

test('it is run again with the same mesh or parts, servers and ports, and no password is shown', () => {
  expect(toDevCommand('sluice', { ...plain, mesh: 'my mesh/mesh' })).toBe("sluice dev 'my mesh/mesh'")
  expect(toDevCommand('sluice', { ...plain, only: ['temporal', 'postgres'] })).toBe(
    'sluice dev --only temporal,postgres',
  )
  const servers = { temporalAddress: 'temporal.lan:7233', databaseUrl: 'postgres://ann:secret@db/x' }
  const ports = { aws: 4566, temporal: undefined, temporalUi: 8080 }
  expect(toDevCommand('sluice', { ...plain, ...servers, ports, mesh: 'mesh' })).toBe(
    'sluice dev mesh --temporal-address temporal.lan:7233 --database-url … --aws-port 4566 --temporal-ui-port 8080 ' +
      '(… is the address of your database, as before)',
  )
})
