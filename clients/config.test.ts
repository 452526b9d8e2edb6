import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ConfigError, readConfig } from './config.ts'
import { environmentSchema } from './config.schema.ts'

const COMPLETE = {
  AWS_REGION: 'us-east-1',
  AWS_ACCOUNT_ID: '222222222222',
  DATABASE_URL: 'postgres://sluice_d1:secret@db:5432/sluice',
  SLUICE_CENTRAL_BUS_ARN: 'arn:aws:events:us-east-1:999999999999:event-bus/sluice-central',
}

function problemsOf(environment: Record<string, string>, domain = 'd1'): string {
  try {
    readConfig(environment, domain)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('it was taken')
}

test('the four compulsory settings are enough; the rest has a default, in milliseconds where it is a time', () => {
  expect(readConfig(COMPLETE, 'd1')).toMatchObject({
    domain: 'd1',
    queueName: 'sluice-d1-events',
    temporal: { address: '127.0.0.1:7233', namespace: 'default', tls: false },
    cycle: { checkGlueMs: 900_000, errorWaitMs: 3 * 86_400_000, recordRetryMs: 120_000 },
    tickMs: 600_000,
  })
})

test('an API key or a client certificate switches TLS on', () => {
  expect(readConfig({ ...COMPLETE, TEMPORAL_API_KEY: 'key' }, 'd1').temporal.tls).toBe(true)
  expect(readConfig({ ...COMPLETE, TEMPORAL_TLS_CLIENT_CERT_PATH: 'c.pem' }, 'd1').temporal.tls).toBe(true)
})

describe('what is missing or wrong', () => {
  test('is named all at once', () => {
    const { AWS_REGION: _, ...rest } = COMPLETE
    const problems = problemsOf({ ...rest, AWS_ACCOUNT_ID: '2', DATABASE_URL: 'mysql://x', SLUICE_TICK_SECONDS: '-1' })
    for (const name of [
      'AWS_REGION: is not set',
      'AWS_ACCOUNT_ID: must be',
      'DATABASE_URL: must',
      'SLUICE_TICK_SECONDS',
    ])
      expect(problems).toContain(name)
  })

  test('a password in a wrong URL is not shown', () => {
    expect(problemsOf({ ...COMPLETE, DATABASE_URL: 'mysql://ann:secret@h/d' })).not.toContain('secret')
  })

  test('is a domain that is no name', () => {
    expect(problemsOf(COMPLETE, 'D1/')).toContain('"D1/" is no domain name')
  })
})

test('docs/operating.md has a row for each setting', () => {
  const page = readFileSync(new URL('../docs/operating.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name)
  expect(new Set(rows)).toEqual(new Set(Object.keys(environmentSchema.shape)))
})

test('docker-compose.yml gives each role settings that it can read, with the login of its domain', () => {
  const text = readFileSync(new URL('../docker-compose.yml', import.meta.url), 'utf8')
  // As Compose does: first the YAML, then what is not set.
  const withPresets = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? value.replaceAll(/\$\{\w+-([^}]*)\}/g, '$1') : value
  const file = JSON.stringify(parse(text, { merge: true }))
  const { services } = JSON.parse(file, withPresets) as { services: Record<string, Service> }
  const roles = Object.values(services).filter(({ command }) => command?.[0]?.startsWith('workers/'))
  expect(roles).toHaveLength(6)
  for (const { command, environment = {} } of roles) {
    const config = readConfig(environment, command?.[1] ?? '')
    expect(new URL(config.databaseUrl).username).toBe(`sluice_${config.domain}`)
  }
})

interface Service {
  command?: string[]
  environment?: Record<string, string>
}
