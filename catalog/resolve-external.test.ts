// The grammar of externals and what becomes of it.
import { describe, expect, test } from 'vitest'
import { domainText, meshOf, problemsIn, productText } from './samples.test-data.ts'

const external = (from: string, more = ''): string =>
  `external: d1/closes\nevery: business-day\n${more}from:\n${from
    .trim()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`
const around = (text: string) => ({ 'domain.yaml': domainText(), 'x.yaml': text })
const S3 = '- s3: { bucket: example-landing, key: "closes/{date}/sp500.csv" }'

test('each form becomes a mapping, a Glue job one for each state; the domain fills in the rest', () => {
  const text = external(`
${S3}
- glue: { job: legacy-load, states: [SUCCEEDED, TIMEOUT] }
- event: { source: vendor.feed, detailType: File Ready, where: { detail.feed: closes }, cycle: "{detail.day}", revision: detail.v }
  account: "999999999999"`)
  expect(meshOf(around(text)).externals).toEqual([
    {
      ...{ product: 'd1/closes', description: '', every: 'business-day', calendar: 'weekdays' },
      timezone: 'America/New_York',
      mappings: [
        {
          ...{ source: 'aws.s3', detailType: 'Object Created', cycle: '{date}' },
          where: { 'detail.bucket.name': 'example-landing', 'detail.object.key': 'closes/{date}/sp500.csv' },
          location: 's3://example-landing/{detail.object.key}',
        },
        ...['SUCCEEDED', 'TIMEOUT'].map((state) => ({
          ...{ source: 'aws.glue', detailType: 'Glue Job State Change', cycle: '{time}' },
          where: { 'detail.jobName': 'legacy-load', 'detail.state': state },
        })),
        {
          ...{
            source: 'vendor.feed',
            detailType: 'File Ready',
            account: '999999999999',
            where: { 'detail.feed': 'closes' },
          },
          ...{ cycle: '{detail.day}', revision: 'detail.v' },
        },
      ],
    },
  ])
})

test('products of its domain wait for it by its name; others cannot', () => {
  const files = around(external(S3))
  const waits = (domain: string) => productText(`${domain}/b`, 'dependsOn: [d1/closes]\n', 'business-day')
  expect(problemsIn({ ...files, 'b.yaml': waits('d1') })).toEqual([])
  expect(problemsIn({ ...files, 'd2.yaml': domainText('d2'), 'b.yaml': waits('d2') })).toEqual([
    'b.yaml:4:13: d1/closes is an external of domain "d1", which no other domain can wait for; make a product of it there',
  ])
})

describe('wrong', () => {
  test.each<[string, string, string]>([
    ['no form', '- { }', 'x.yaml:4:5: from[1]: takes one of s3, glue and event'],
    ['a key that names no cycle', '- s3: { bucket: example-landing, key: "closes/sp500.csv" }', 'holds no {date}'],
    [
      'a part nobody knows',
      '- s3: { bucket: example-landing, key: "{day8}.csv" }',
      '{day8} is not known; a text is read by {date}',
    ],
    ['what matches anything', '- s3: { bucket: example-landing, key: "{date}" }', '"{date}" would match anything'],
    ['a part that was not read', '- event: { source: x, detailType: y, cycle: "{date}" }', '{date} is read nowhere'],
    [
      'the same cycle for all',
      '- event: { source: x, detailType: y, cycle: "2026-11-20" }',
      'is the same for every event',
    ],
    [
      'a path that is none',
      '- event: { source: x, detailType: y, where: { feed: z }, cycle: "{time}" }',
      'no path of a field',
    ],
    ['a slip in a key', '- glue: { jobb: x }', 'unknown key "jobb" in from[1].glue; did you mean "job"?'],
  ])('%s', (_, from, says) => {
    expect(problemsIn(around(external(from)))).toContainEqual(expect.stringContaining(says))
  })

  test('a date for hours', () => {
    expect(problemsIn(around(external(S3).replace('business-day', 'hour')))).toEqual([
      expect.stringContaining('a date names no hour: read {cycle}, or say cycle: "{time}"'),
    ])
  })

  test('the name of a product, and one name twice', () => {
    const product = productText('d1/closes')
    expect(problemsIn({ ...around(external(S3)), 'p.yaml': product })).toEqual([
      expect.stringContaining('d1/closes is a product already'),
    ])
    expect(problemsIn({ ...around(external(S3)), 'y.yaml': external(S3) })).toEqual([
      expect.stringContaining('external "d1/closes" is defined already'),
    ])
  })
})
