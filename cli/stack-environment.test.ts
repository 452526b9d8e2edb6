import { expect, test } from 'vitest'
import { fromRecordAddresses, type StackAddresses, toEnvironment, toRecordAddresses } from './stack-environment.ts'

const addresses: StackAddresses = {
  awsEndpoint: 'http://127.0.0.1:4000',
  temporalAddress: '127.0.0.1:7233',
  temporalNamespace: 'default',
  databaseUrl: 'postgres://postgres:all@127.0.0.1:5432/sluice',
  accounts: { central: '999999999999', d1: '222222222222' },
  databaseUrls: { d1: 'postgres://sluice_d1:own@127.0.0.1:5432/sluice' },
  settings: { SLUICE_GLUE_CHECK_SECONDS: '30' },
}
const stack = { id: 'dev-1', addresses: toRecordAddresses(addresses) }

test('what a record keeps comes back as it was, but for addresses that are not there', () => {
  expect(fromRecordAddresses(stack.addresses)).toMatchObject(addresses)
  const only = toRecordAddresses({ accounts: {}, databaseUrls: {}, settings: {}, temporalAddress: 'x:1' })
  expect(only).toEqual({ temporalAddress: 'x:1' })
})

test('a domain has its own account and login, and the same servers', () => {
  const [central, d1] = [toEnvironment(stack), toEnvironment(stack, 'd1')]
  expect(central).toMatchObject({ AWS_ACCESS_KEY_ID: '999999999999', DATABASE_URL: addresses.databaseUrl })
  expect(d1).toMatchObject({ AWS_ACCESS_KEY_ID: '222222222222', DATABASE_URL: addresses.databaseUrls['d1'] })
  const same = ['AWS_ENDPOINT_URL', 'TEMPORAL_ADDRESS', 'SLUICE_CENTRAL_BUS_ARN', 'SLUICE_GLUE_CHECK_SECONDS']
  for (const name of same) expect([name, d1[name]]).toEqual([name, central[name]])
  expect(d1['SLUICE_CENTRAL_BUS_ARN']).toBe('arn:aws:events:us-east-1:999999999999:event-bus/sluice-central')
})

test('of a part that was not started there is no variable', () => {
  const record = toRecordAddresses({
    ...{ accounts: { central: '999999999999' }, databaseUrls: {}, settings: {} },
    temporalAddress: '127.0.0.1:7233',
  })
  expect(toEnvironment({ id: 'dev-2', addresses: record })).toEqual({ TEMPORAL_ADDRESS: '127.0.0.1:7233' })
})

test('an unknown domain is answered with those there are, or with how to get one', () => {
  expect(() => toEnvironment(stack, 'd2')).toThrow(
    'Stack dev-1 has no domain "d2"; did you mean "d1"? It has central, d1.',
  )
  expect(() => toEnvironment(stack, 'wealth')).toThrow('Stack dev-1 has no domain "wealth". It has central, d1.')
  const empty = { id: 'dev-2', addresses: toRecordAddresses({ ...addresses, accounts: { central: '999999999999' } }) }
  expect(() => toEnvironment(empty, 'd1')).toThrow('it has no mesh')
})
