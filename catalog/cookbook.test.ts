// Every block of docs/cookbook.md is valid as it stands.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { domainText, problemsIn, productText } from './samples.test-data.ts'

const PAGE = readFileSync(new URL('../docs/cookbook.md', import.meta.url), 'utf8')
const BLOCKS = [...PAGE.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block)

const equities: [string, string] = ['calendar: weekdays', 'calendar: us-equities']
const raw = (name: string, every = 'business-day', more = ''): [string, string] => [
  `raw/${name}.yaml`,
  productText(`raw/${name}`, `visibility: mesh\n${more}`, every),
]
const AROUND = Object.fromEntries([
  ['d1.yaml', domainText('d1', equities)],
  ['raw.yaml', domainText('raw', equities)],
  ...['closes', 'volumes', 'positions', 'settlements', 'fx-a', 'fx-b', 'quotes-a', 'quotes-b', 'quotes-c', 'notes'].map(
    (name) => raw(name),
  ),
  raw('bonds', 'business-day', 'calendar: us-bonds\n'),
  raw('ticks', 'hour'),
  raw('clients', 'month'),
])

test.each(BLOCKS.map((block) => [block.split('\n')[0] ?? '', block]))('%s', (_, block) => {
  expect(problemsIn({ ...AROUND, 'block.yaml': block })).toEqual([])
})

test('the page has a block for each rule of the grammar', () => {
  const words = ['previous-business-day', 'businessDaysBefore', 'calendarDaysBefore', 'every-of-period', 'latestWithin']
  const more = [
    'self-previous',
    'ifNone',
    'anyOf',
    'atLeast',
    'optionalAfter',
    'notBefore',
    'cutoff',
    'onNonBusinessDay',
    'catchUp',
  ]
  for (const word of [...words, ...more, 'extends', 'remove', 'earlyClose']) expect(BLOCKS.join()).toContain(word)
})
