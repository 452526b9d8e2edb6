import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { domainText } from '../catalog/samples.test-data.ts'
import { testExternals } from './external.ts'

let folder = ''
let printed = ''

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-external-'))
  printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

const MESH = `${domainText()}---
external: d1/closes
every: business-day
from: [{ s3: { bucket: example-landing, key: "closes/{date}.csv" } }]
`
const event = (key: string): object => ({
  ...{ id: key, 'detail-type': 'Object Created', source: 'aws.s3', account: '222222222222' },
  ...{ time: '2026-11-20T22:00:00Z', detail: { bucket: { name: 'example-landing' }, object: { key } } },
})

function write(name: string, text: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}

test('each event is told with what it means, or why it means nothing; one that does not is exit code 1', async () => {
  const mesh = write('mesh.yaml', MESH)
  const one = write('one.json', JSON.stringify(event('closes/2026-11-20.csv')))
  expect(await testExternals([mesh], { event: one, output: 'table' })).toBe(0)
  expect(printed).toContain('is d1/closes/2026-11-20, revision ')
  const two = write(
    'two.jsonl',
    [event('closes/2026-11-20.csv'), event('x')].map((one) => JSON.stringify(one)).join('\n'),
  )
  printed = ''
  expect(await testExternals([mesh], { event: two, output: 'json' })).toBe(1)
  expect(JSON.parse(printed)).toMatchObject([
    { arrivals: [{ product: 'd1/closes', cycle: '2026-11-20' }], reason: null },
    { arrivals: [], reason: expect.stringContaining('detail.object.key is "x"') },
  ])
})

test('an account that may not send it is told', async () => {
  const mesh = write('mesh.yaml', MESH)
  const file = write('e.json', JSON.stringify({ ...event('closes/2026-11-20.csv'), account: '333333333333' }))
  expect(await testExternals([mesh], { event: file, output: 'table' })).toBe(1)
  expect(printed).toContain('account 333333333333 may not send "Object Created" of aws.s3')
})

test.each([
  ['no JSON', '{', 'is neither JSON nor JSON Lines'],
  ['no event', '{"id":1}', 'Event 1 of '],
])('%s is refused with the reason', async (_, text, says) => {
  const mesh = write('mesh.yaml', MESH)
  await expect(testExternals([mesh], { event: write('e.json', text), output: 'table' })).rejects.toThrow(says)
})
