import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { domainText, productText } from '../catalog/samples.test-data.ts'
import { testExternals } from './external.ts'

let folder = ''
let printed = ''
let told: string[] = []

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-external-'))
  printed = ''
  told = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told.push(String(text))
    return true
  })
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

const PARTNER = '999999999999'
const glue = (account: string, jobName = 'legacy-load'): object => ({
  ...{ id: 'g-1', 'detail-type': 'Glue Job State Change', source: 'aws.glue', account },
  ...{ time: '2026-11-20T22:00:00Z', detail: { jobName, jobRunId: 'jr_1', state: 'SUCCEEDED' } },
})
const GLUE_MESH = `${domainText()}---
external: d1/load
every: business-day
from: [{ glue: { job: legacy-load }, account: "${PARTNER}" }]
`

test.each([
  ['of the account that the external names', PARTNER, 0, { outcome: 'mapped', reason: null }],
  ['of a third account', '333333333333', 1, { outcome: 'refused', reason: expect.stringContaining('may not send') }],
])('a Glue end %s', async (_who, account, code, answer) => {
  const mesh = write('mesh.yaml', GLUE_MESH)
  const file = write('e.json', JSON.stringify(glue(account)))
  expect(await testExternals([mesh], { event: file, output: 'json' })).toBe(code)
  expect(JSON.parse(printed)).toMatchObject([answer])
})

test('what the bridge refuses before any mapping is refused here, too', async () => {
  const mesh = write('mesh.yaml', MESH)
  const hazardous = { ...event('closes/2026-11-20.csv'), detail: { note: 'a\u0000b' } }
  const wrong = { ...glue('222222222222'), detail: { jobName: 'legacy-load' } }
  const file = write('e.json', JSON.stringify([hazardous, wrong]))
  expect(await testExternals([mesh], { event: file, output: 'json' })).toBe(1)
  expect(JSON.parse(printed)).toMatchObject([
    { outcome: 'refused', reason: 'a text holds a NUL character' },
    { outcome: 'refused', reason: expect.stringContaining('jobRunId') },
  ])
})

test('of what no product waits for it is told that it is kept', async () => {
  const file = write('e.json', JSON.stringify(event('closes/2026-11-20.csv')))
  await testExternals([write('mesh.yaml', MESH)], { event: file, output: 'table' })
  expect(printed).toContain('(no product waits for d1/closes yet; it is kept)')
  printed = ''
  const waiting = write(
    'waiting.yaml',
    `${MESH}---\n${productText('d1/ds1', 'dependsOn: [d1/closes]\n', 'business-day')}`,
  )
  await testExternals([waiting], { event: file, output: 'table' })
  expect(printed).not.toContain('it is kept')
})

test.each([
  ['of no type that an external means', { 'detail-type': 'Object Deleted' }, 'refused'],
  ['of Glue, of another job', glue('222222222222', 'other'), 'ignored'],
])('an event %s', async (_what, change, outcome) => {
  const file = write('e.json', JSON.stringify({ ...event('closes/2026-11-20.csv'), ...change }))
  expect(await testExternals([write('mesh.yaml', MESH)], { event: file, output: 'json' })).toBe(1)
  expect(JSON.parse(printed)).toMatchObject([{ outcome, reason: 'no external means such events' }])
})

const GOOD = JSON.stringify(event('closes/2026-11-20.csv'))

test.each([
  ['a byte order mark', `\uFEFF${GOOD}`],
  ['lines that end as on Windows, and empty ones', `${GOOD}\r\n\r\n${GOOD}\r\n`],
  ['one event over several lines', JSON.stringify(event('closes/2026-11-20.csv'), null, 2)],
  ['a list', `[${GOOD},\n${GOOD}]`],
])('a file with %s is read', async (_what, text) => {
  const file = write('e.json', text)
  expect(await testExternals([write('mesh.yaml', MESH)], { event: file, output: 'table' })).toBe(0)
})

test.each([
  ['an empty file', '', [], 'holds no event'],
  ['a file of spaces', ' \n\n', [], 'holds no event'],
  ['an empty list', '[]', [], 'holds no event'],
  ['no JSON', '{', [/e\.json:1: is no JSON/], '1 problem in the events'],
  ['a bad line', `${GOOD}\n\n{"id":\n${GOOD}\nx\n`, [/e\.json:3: is no JSON/, /e\.json:5: is no JSON/], '2 problems'],
  ['a first line that is bad', `{"id":1\n${GOOD}`, [/e\.json:1: is no JSON/], '1 problem'],
  ['a document with a slip', '{\n  "id": "1",\n  "source" "x"\n}', [/e\.json:3: is no JSON/], '1 problem'],
  ['a document cut off', '{\n  "id": "1",\n', [/e\.json:\d: is no JSON/], '1 problem'],
  ['a slip that the engine does not place', '{ "id":\nx\n}', [/e\.json(:2)?: is no JSON: .*x/], '1 problem'],
  [
    'a line that is no event',
    `${GOOD}\n{"id":1}`,
    [/e\.json:2: the message is no EventBridge event: id: /],
    '1 problem',
  ],
  ['a list with what is no event', `[${GOOD}, 1]`, [/e\.json, event 2: the message is no/], '1 problem'],
])('%s is refused with the reason, by line', async (_, text, lines, says) => {
  const mesh = write('mesh.yaml', MESH)
  await expect(testExternals([mesh], { event: write('e.json', text), output: 'table' })).rejects.toThrow(says)
  expect(told).toHaveLength(lines.length)
  lines.forEach((line, at) => expect(told[at]).toMatch(line))
})
