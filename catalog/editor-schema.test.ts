import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { readDocuments } from './documents.ts'
import { toEditorSchema } from './editor-schema.ts'
import { readFiles } from './files.ts'
import { domainText, productText } from './samples.test-data.ts'

const COMMITTED = new URL('../schemas/definition.schema.json', import.meta.url)
const EXAMPLE = fileURLToPath(new URL('../examples/mesh', import.meta.url))
const CALENDARS = fileURLToPath(new URL('calendars', import.meta.url))

const committed = JSON.parse(readFileSync(COMMITTED, 'utf8')) as Record<string, unknown>
const isValid = new Ajv({ strict: true, strictTypes: false, allErrors: true }).compile(committed)

test('the committed file is current; else: node catalog/write-editor-schema.ts, then format it', () => {
  expect(committed).toEqual(JSON.parse(JSON.stringify(toEditorSchema())))
})

test('it is draft-07, which the YAML servers of editors read', () => {
  expect(committed['$schema']).toBe('http://json-schema.org/draft-07/schema#')
  expect(JSON.stringify(committed)).not.toContain('$defs')
})

test('every document of the example mesh is accepted', async () => {
  const { files } = await readFiles([EXAMPLE])
  const values = files.flatMap((file) => readDocuments(file).documents.map(({ value }) => value))
  expect(values).toHaveLength(11)
  for (const value of values) expect([isValid(value), isValid.errors]).toEqual([true, null])
})

test('every shipped calendar is accepted, and one as an author types it', async () => {
  const { files } = await readFiles([CALENDARS])
  const own =
    'calendar: us-equities\nextends: us-equities\nremove:\n  - 2026-12-09\n  - { date: 2026-12-10, why: Snow }\n'
  const texts = [...files, { file: 'own', text: own }]
  const values = texts.flatMap((file) => readDocuments(file).documents.map(({ value }) => value))
  expect(values).toHaveLength(5)
  for (const value of values) expect([isValid(value), isValid.errors]).toEqual([true, null])
})

describe('it refuses', () => {
  test.each([
    ['an unknown key', productText('d1/a', 'evry: day\n')],
    ['an unknown key in a block', 'product: d1/a\nevery: day\nrun: { glue: job, atempts: 2 }\n'],
    ['an unknown key of a domain', domainText('d1', ['calendar', 'calender'])],
    ['a missing key', 'product: d1/a\nevery: day\n'],
    ['a wrong word', productText('d1/a', 'visibility: all\n')],
    ['a number for text', domainText('d1', ['"222222222222"', '222222222222'])],
    ['too many attempts', 'product: d1/a\nevery: day\nrun: { glue: job, attempts: 21 }\n'],
    ['another version of the grammar', domainText('d1', ['sluice: 1', 'sluice: 2'])],
    ['no kind of document', 'feed: d1/a\n'],
    ['an unknown key of a calendar', 'calendar: a\nextends: weekdays\nremoves: []\n'],
    ['a weekday that is none', 'calendar: a\nweek: [moonday]\n'],
  ])('%s', (_, text) => {
    expect(isValid(parseYaml(text))).toBe(false)
  })
})

test('the examples it shows are values that it accepts where it shows them', () => {
  const ajv = new Ajv({ strict: false })
  const shown = examplesIn(committed)
  expect(shown.length).toBeGreaterThan(20)
  for (const { schema, example } of shown) expect([example, ajv.validate(schema, example)]).toEqual([example, true])
})

function examplesIn(value: unknown): { schema: object; example: unknown }[] {
  if (typeof value !== 'object' || value === null) return []
  const { examples } = value as { examples?: unknown }
  const own = Array.isArray(examples) ? examples.map((example: unknown) => ({ schema: value, example })) : []
  return [...own, ...Object.values(value).flatMap(examplesIn)]
}
