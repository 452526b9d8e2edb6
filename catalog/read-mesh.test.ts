// One document at a time: a corpus of wrong files, each with the exact lines that a terminal shows.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { toProblemText } from './problem.ts'
import { readMesh } from './read-mesh.ts'
import { domainText, parse, productText } from './samples.test-data.ts'

const EXAMPLE = fileURLToPath(new URL('../examples/mesh', import.meta.url))

/** The problems of one file, without its name. */
const problemsIn = (text: string): string[] =>
  parse({ a: text }).problems.map((problem) => toProblemText(problem).replace(/^a:/, ''))

const inRun = (run: string): string => `product: d1/ds1\nevery: day\nrun: ${run}\n`
const ofProduct = (more: string): string => productText('d1/ds1', more)
const KNOWN =
  'product, description, visibility, owner, calendar, timezone, every, onNonBusinessDay, catchUp, notBefore, availableBy, cutoff, dependsOn, run, settle, publish'

type Case = [name: string, text: string, says: string[]]

describe('keys', () => {
  test.each<Case>([
    ['a mistyped one', ofProduct('evry: day\n'), ['4:1: unknown key "evry"; did you mean "every"?']],
    ['one like no other', ofProduct('zzz: 1\n'), [`4:1: unknown key "zzz"; known: ${KNOWN}`]],
    [
      'two in a block',
      inRun('{ glue: a, atempts: 2, zzz: 2 }'),
      [
        '3:17: unknown key "atempts" in run; did you mean "attempts"?',
        '3:29: unknown key "zzz" in run; known: glue, arguments, timeout, attempts, retryAfter, retry',
      ],
    ],
    ['the merge of YAML 1.1', ofProduct('<<: { a: 1 }\n'), [`4:1: unknown key "<<"; known: ${KNOWN}`]],
    [
      'a name that every object has',
      ofProduct('constructor: 1\n'),
      [`4:1: unknown key "constructor"; known: ${KNOWN}`],
    ],
    ['__proto__', ofProduct('__proto__: { x: 1 }\n'), ['4:1: "__proto__" cannot be a key']],
    [
      '__proto__ as an argument',
      inRun('{ glue: a, arguments: { __proto__: x } }'),
      ['3:30: "__proto__" cannot be a key'],
    ],
    ['one that stands twice', ofProduct('every: day\n'), ['4:1: this key stands here twice; keep one of them']],
  ])('%s', (_, text, says) => {
    expect(problemsIn(text)).toEqual(says)
  })
})

describe('what is missing', () => {
  test.each<Case>([
    [
      'everything but the name of a domain',
      'domain: d1\n',
      [
        '1:1: sluice is missing; write 1',
        '1:1: account is missing: the AWS account of the domain, 12 digits in quotes',
        '1:1: owner is missing: who answers for products that name no owner',
        '1:1: calendar is missing: calendar of products that name none: us-equities, us-bonds, us-banking, weekdays, or one of your own (`sluice calendar list`)',
        '1:1: timezone is missing: IANA time zone of products that name none; all wall times are of this zone',
      ],
    ],
    ['the run of a product', 'product: d1/ds1\n', ['1:1: run is missing: the job that makes it']],
    ['the job of a run', inRun('{}'), ["3:6: run.glue is missing: name of the Glue job in the domain's account"]],
    ['a value', 'product: d1/ds1\nrun:\n', ['2:5: run: expected a block of keys, found nothing']],
    ['half of an owner', ofProduct('owner: { team: a }\n'), ['4:8: owner.email is missing: where the team is reached']],
    [
      'what the cutoff does',
      ofProduct('cutoff: { at: "02:00" }\n'),
      ['4:9: cutoff.then is missing; write error, skip or run-without'],
    ],
  ])('%s', (_, text, says) => {
    expect(problemsIn(text)).toEqual(says)
  })
})

describe('numbers and truth values where text is meant: the author sees what he typed', () => {
  test.each<Case>([
    [
      'an account',
      domainText('d1', ['"222222222222"', '222222222222']),
      ['3:10: account: 222222222222 is a number in YAML; quote it: account: "222222222222"'],
    ],
    [
      'an account that begins with 0',
      domainText('d1', ['"222222222222"', '012345678901']),
      ['3:10: account: 012345678901 is a number in YAML; quote it: account: "012345678901"'],
    ],
    ['a domain', domainText('12'), ['1:9: domain: 12 is a number in YAML; quote it: domain: "12"']],
    [
      'a time',
      ofProduct('notBefore: 1700\n'),
      ['4:12: notBefore: 1700 is a number in YAML; quote it: notBefore: "1700"'],
    ],
    [
      'a sentence',
      ofProduct('description: true\n'),
      ['4:14: description: true is true or false in YAML; quote it: description: "true"'],
    ],
    [
      'an argument',
      inRun('{ glue: a, arguments: { --n: 7 } }'),
      ['3:35: run.arguments.--n: 7 is a number in YAML; quote it: --n: "7"'],
    ],
  ])('%s', (_, text, says) => {
    expect(problemsIn(text)).toEqual(says)
  })
})

describe('values', () => {
  const wall = 'is no wall time: "HH:MM", "HH:MM +1d" (next day) or "HH:MM +1bd" (next business day); of an hour "+20m"'
  const duration = 'is no duration: a whole number and s, m, h or d, such as 30m or 2h'
  const zone = 'is no IANA time zone, such as America/New_York or UTC'
  const location = 'is no location: s3://bucket/ or s3://bucket/folder/, with the slash at the end'
  const name = 'lower-case letters, digits and hyphens inside, such as "risk-2"'

  test.each<Case>([
    [
      'version',
      domainText('d1', ['sluice: 1', 'sluice: 2']),
      ['2:9: sluice: this Sluice reads files of version 1 only'],
    ],
    [
      'account',
      domainText('d1', ['222222222222', '2222']),
      ['3:10: account: "2222" is no AWS account: 12 digits, in quotes'],
    ],
    [
      'e-mail address',
      domainText('d1', ['wealth-data@example.com', 'nobody']),
      ['4:36: owner.email: "nobody" is no e-mail address'],
    ],
    [
      'calendar',
      domainText('d1', ['weekdays', 'NYSE']),
      [
        '5:11: calendar: "NYSE" is no name of a calendar: lower-case letters, digits and hyphens inside, such as "risk-2"',
      ],
    ],
    [
      'zone',
      domainText('d1', ['America/New_York', 'America/New_Yrk']),
      [`6:11: timezone: "America/New_Yrk" ${zone}; did you mean "America/New_York"?`],
    ],
    ['offset as zone', domainText('d1', ['America/New_York', '"+05:00"']), [`6:11: timezone: "+05:00" ${zone}`]],
    ['abbreviation as zone', domainText('d1', ['America/New_York', 'EST']), [`6:11: timezone: "EST" ${zone}`]],
    [
      'location',
      domainText('d1', ['products/', 'products']),
      [`7:11: location: "s3://example-d1-products" ${location}`],
    ],
    ['domain', domainText('d1', ['domain: d1', 'domain: D1']), [`1:9: domain: "D1" is no name of a domain: ${name}`]],
    [
      'product without domain',
      productText('ds1'),
      ['1:10: product: "ds1" is not written <domain>/<product>, such as "d1/ds3"'],
    ],
    ['product', productText('d1/DS'), [`1:10: product: "DS" is no name of a product: ${name}`]],
    [
      'product of three parts',
      productText('d1/a/b'),
      ['1:10: product: "d1/a/b" is not written <domain>/<product>, such as "d1/ds3"'],
    ],
    [
      'product of 64 letters',
      productText(`d1/${'x'.repeat(64)}`),
      ['1:10: product: "xxxxxxxxxxxxxxxxxxxx…" is 64 characters long; a product has at most 63'],
    ],
    [
      'visibility',
      ofProduct('visibility: messh\n'),
      ['4:13: visibility: expected domain or mesh, found "messh"; did you mean "mesh"?'],
    ],
    [
      'every',
      productText('d1/ds1', '', 'businessday'),
      ['2:8: every: "businessday" says not how often; did you mean "business-day"?'],
    ],
    [
      'times',
      ofProduct('notBefore: "25:00"\navailableBy: "06:00 +1 d"\n'),
      [`4:12: notBefore: "25:00" ${wall}`, `5:14: availableBy: "06:00 +1 d" ${wall}`],
    ],
    [
      'cutoff',
      ofProduct('cutoff: { at: "02:00", then: run_without }\n'),
      ['4:30: cutoff.then: expected error, skip or run-without, found "run_without"; did you mean "run-without"?'],
    ],
    [
      'durations and counts',
      inRun('{ glue: a, timeout: 2 hours, attempts: three, retryAfter: 90 }'),
      [
        `3:26: run.timeout: "2 hours" ${duration}`,
        '3:45: run.attempts: expected a number, found "three"',
        '3:64: run.retryAfter: 90 is a number in YAML; quote it: retryAfter: "90"',
      ],
    ],
    [
      'durations and counts out of range',
      inRun('{ glue: a, timeout: 8d, attempts: 21, retryAfter: 2d }'),
      [
        '3:26: run.timeout: "8d" is out of range: from 1m to 7d',
        '3:40: run.attempts: at least 1, at most 20',
        '3:56: run.retryAfter: "2d" is out of range: from 1s to 1d',
      ],
    ],
    [
      'retries by kind of failure',
      inRun(
        '{ glue: a, retry: { infra: { attempts: 2 }, timeout: { attempts: 0, after: 5 }, jobFailed: { most: 1m } } }',
      ),
      [
        '3:26: unknown key "infra" in run.retry; known: infrastructure, throttled, jobFailed, timeout',
        '3:71: run.retry.timeout.attempts: at least 1, at most 20',
        '3:81: run.retry.timeout.after: 5 is a number in YAML; quote it: after: "5"',
        '3:99: unknown key "most" in run.retry.jobFailed; did you mean "atMost"?',
      ],
    ],
    [
      'fractions',
      inRun('{ glue: a, timeout: 1.5h, attempts: 1.5 }'),
      [`3:26: run.timeout: "1.5h" ${duration}`, '3:42: run.attempts: expected a whole number, found 1.5'],
    ],
    [
      'a number that is none',
      inRun('{ glue: a, attempts: .inf }'),
      ['3:27: run.attempts: expected a number, found Infinity'],
    ],
    ['job', inRun('{ glue: " a" }'), ['3:14: run.glue: " a" is no name of a Glue job']],
    ['one upstream without a list', ofProduct('dependsOn: d1/b\n'), ['4:12: dependsOn: expected a list, found "d1/b"']],
    [
      'upstreams',
      ofProduct('dependsOn: [ds1, 12, { prodct: d1/x }, null, [a], { product: d1/x, cycle: y }]\n'),
      [
        '4:13: dependsOn[1]: "ds1" is not written <domain>/<product>, such as "d1/ds3"',
        '4:18: dependsOn[2]: expected text or a block of keys, found 12',
        '4:22: dependsOn[3]: names no upstream: write product, anyOf, allOf, or atLeast with of',
        '4:24: unknown key "prodct" in dependsOn[3]; did you mean "product"?',
        '4:40: dependsOn[4]: expected text or a block of keys, found nothing',
        '4:46: dependsOn[5]: expected text or a block of keys, found a list',
        '4:75: dependsOn[6].cycle: "y" says no cycle; known: same, previous-business-day, every-of-period, last-of-period, covering, self-previous, { businessDaysBefore: 3 }, { calendarDaysBefore: 1 }',
      ],
    ],
    ['publish: true', ofProduct('publish: true\n'), ['4:10: publish: expected false or a block of keys, found true']],
    ['publish', ofProduct('publish: { location: https://x }\n'), [`4:22: publish.location: "https://x" ${location}`]],
    ['empty text', ofProduct('description: " "\n'), ['4:14: description: is empty']],
    ['NUL', ofProduct('description: "a\0b"\n'), ['4:14: description: holds unprintable characters']],
    ['NUL as an escape', ofProduct('description: "a\\0b"\n'), ['4:14: description: holds unprintable characters']],
    [
      'half a surrogate pair',
      ofProduct('description: "\\uD800"\n'),
      ['4:14: description: holds unprintable characters'],
    ],
    ['NUL in a name', productText('"d1/ds1\\0"'), [`1:10: product: "ds1\\u0000" is no name of a product: ${name}`]],
    [
      'a block that holds itself',
      'product: d1/ds1\nrun: &r { glue: *r }\n',
      ['2:17: run.glue: expected text, found a block of keys'],
    ],
    [
      'a list that holds itself',
      ofProduct('dependsOn: &d [*d]\n'),
      ['4:16: dependsOn[1]: expected text or a block of keys, found a list'],
    ],
  ])('%s', (_, text, says) => {
    expect(problemsIn(text).sort(byColumn)).toEqual(says)
  })

  test('arguments of the job: reserved names, names without dashes, substitutions that do not exist', () => {
    const given = [
      '--sluice_attempt: "9"',
      '--BUSINESS_DATE: x',
      '--JOB_NAME: y',
      '--scriptlocation: y',
      'book: eq',
      '--d: "${date}"',
      '--e: "${business_date}/${x"',
      '--fine: "${business_date} $5 {x}"',
    ]
    const text = `product: d1/ds1\nevery: day\nrun:\n  glue: a\n  arguments:\n${given.map((line) => `    ${line}\n`).join('')}`
    expect(problemsIn(text)).toEqual([
      '6:5: run.arguments: "--sluice_attempt" is set by Sluice itself; take another name',
      '7:5: run.arguments: "--BUSINESS_DATE" is set by Sluice itself; take another name',
      '8:5: run.arguments: "--JOB_NAME" is reserved by Glue; set it on the job',
      '9:5: run.arguments: "--scriptlocation" is reserved by Glue; set it on the job',
      '10:5: run.arguments: "book" is no name of an argument: it starts with "--"',
      '11:10: run.arguments.--d: "${date}" is not known; the only substitutions are ${business_date} and ${cycle}',
      '12:10: run.arguments.--e: "${x" is not known; the only substitutions are ${business_date} and ${cycle}',
    ])
  })
})

describe('the kind of a document', () => {
  const expected = 'the first key is "domain", "product", "calendar" or "external"'
  test.each<Case>([
    ['text', 'hello\n', [`1:1: expected keys and values; ${expected}`]],
    ['a list', '- product: d1/x\n', [`1:1: expected keys and values; ${expected}`]],
    ['mistyped', 'prodct: d1/x\n', [`1:1: "prodct" is no kind of document; ${expected}; did you mean "product"?`]],
    ['not there yet', 'feed: d1/x\n', [`1:1: "feed" is no kind of document; ${expected}`]],
    [
      'not at the top',
      'every: day\nproduct: d1/x\n',
      ['1:1: the first key names the kind of the document: move "product" above "every"'],
    ],
    [
      'not at the top, below the name of its calendar',
      'every: day\ncalendar: weekdays\nproduct: d1/x\n',
      ['1:1: the first key names the kind of the document: move "product" above "every"'],
    ],
  ])('%s', (_, text, says) => {
    expect(problemsIn(text)).toEqual(says)
  })
})

test('all problems of all documents of all files at once', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-mesh-'))
  try {
    const files = {
      'a.yaml': `${domainText()}---\n${ofProduct('evry: 1\n')}---\n${inRun('{}')}`,
      'b.yaml': 'product: d1/b\nevery: [\n',
      'c.yaml': Buffer.from([0x61, 0xff]),
      'd.yaml': productText('d1/d', '', 'often'),
    }
    for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content)
    const { problems, domains, products } = await readMesh(folder, path.join(folder, 'none'))
    expect(problems.map((problem) => toProblemText(problem).replaceAll(folder, 'mesh')).sort()).toEqual([
      'mesh/a.yaml:12:1: unknown key "evry"; did you mean "every"?',
      "mesh/a.yaml:16:6: run.glue is missing: name of the Glue job in the domain's account",
      'mesh/b.yaml:3:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
      'mesh/c.yaml: is not UTF-8 text; save it as UTF-8',
      'mesh/d.yaml:2:8: every: "often" says not how often; known: hour, day, business-day, week, month, quarter, month-end, quarter-end, week-end(business), month-end(business), quarter-end(business), last-business-day, nth-business-day(3)',
      'mesh/none: there is no such file or folder',
    ])
    expect([domains.length, products.length]).toEqual([1, 0])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('of the example mesh every document is read', async () => {
  const { problems, domains, products } = await readMesh(EXAMPLE)
  expect(problems).toEqual([])
  expect(domains.map(({ file }) => file.domain)).toEqual(['d1', 'd2', 'raw'])
  expect(products).toHaveLength(8)
})

function byColumn(a: string, b: string): number {
  const [columnOfA, columnOfB] = [a, b].map((text) => Number(text.split(':')[1]))
  return (columnOfA ?? 0) - (columnOfB ?? 0)
}
