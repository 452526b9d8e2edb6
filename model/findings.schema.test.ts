import { expect, test } from 'vitest'
import { z } from 'zod'
import { toFindings } from './findings.schema.ts'

const schema = z.strictObject({
  name: z.string().meta({ description: 'The name' }),
  count: z.int().optional(),
  kind: z.enum(['one', 'two', 'three']).optional(),
  list: z.array(z.union([z.string(), z.strictObject({ id: z.string() })])).optional(),
  block: z.strictObject({ deep: z.boolean().meta({ description: 'SLA of it' }) }).optional(),
  free: z.record(z.string().regex(/^--/, 'starts with "--"'), z.string()).optional(),
})

function findingsOf(value: unknown): string[] {
  const result = schema.safeParse(value)
  if (result.success) return []
  const findings = toFindings(result.error.issues, { schema, value, sourceOf: () => undefined })
  return findings.map(({ path, on, message }) => `${path.join('.')} ${on}: ${message}`)
}

test.each<[string, unknown, string[]]>([
  ['missing, with the description as the end of the sentence', {}, [' value: name is missing: the name']],
  ['missing, an abbreviation stays one', { name: 'a', block: {} }, ['block value: block.deep is missing: SLA of it']],
  ['null', { name: null }, ['name value: name: expected text, found nothing']],
  ['a list for text', { name: [] }, ['name value: name: expected text, found a list']],
  ['a block for text', { name: {} }, ['name value: name: expected text, found a block of keys']],
  ['a fraction', { name: 'a', count: 1.5 }, ['count value: count: expected a whole number, found 1.5']],
  ['text for a number', { name: 'a', count: 'x' }, ['count value: count: expected a number, found "x"']],
  [
    'a wrong word',
    { name: 'a', kind: 'tow' },
    ['kind value: kind: expected one, two or three, found "tow"; did you mean "two"?'],
  ],
  ['text for a block', { name: 'a', block: 'x' }, ['block value: block: expected a block of keys, found "x"']],
  ['text for a list', { name: 'a', list: 'x' }, ['list value: list: expected a list, found "x"']],
  [
    'none of several shapes',
    { name: 'a', list: [7] },
    ['list.0 value: list[1]: expected text or a block of keys, found 7'],
  ],
  [
    'the shape that was meant',
    { name: 'a', list: ['x', { id: 7 }] },
    ['list.1.id value: list[2].id: 7 is a number in YAML; quote it: id: "7"'],
  ],
  [
    'a key of a block in a list',
    { name: 'a', list: [{ id: 'x', di: 1 }] },
    ['list.0.di key: unknown key "di" in list[1]; did you mean "id"?'],
  ],
  ['a free key', { name: 'a', free: { x: 'y' } }, ['free.x key: free: starts with "--"']],
  ['no document', 'text', [' value: expected a block of keys, found "text"']],
])('%s', (_, value, says) => {
  expect(findingsOf(value)).toEqual(says)
})
