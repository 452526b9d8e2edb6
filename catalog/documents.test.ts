import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readDocuments } from './documents.ts'
import { toProblemText } from './problem.ts'

const read = (text: string) => readDocuments({ file: 'a.yaml', text })
const problemsIn = (text: string): string[] => read(text).problems.map(toProblemText)

describe('what no YAML reader accepts', () => {
  test.each([
    [
      'a list that is not closed',
      'product: d1/ds1\ndependsOn: [d1/a, d1/b\nrun: { glue: x }\n',
      'a.yaml:3:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    [
      'keys that stand in a key',
      'product: d1/ds1\n run: x\n',
      'a.yaml:1:10: not valid YAML: Nested mappings are not allowed in compact mappings',
    ],
    ['a tab', 'product: d1/ds1\nrun:\n\tglue: x\n', 'a.yaml:3:1: a tab in the indentation; YAML takes spaces only'],
    ['a tag', 'owner: !secret x\n', 'a.yaml:1:8: tags are not read: Unresolved tag: !secret'],
    [
      'a tag of a program',
      'owner: !!js/function "x"\n',
      'a.yaml:1:8: tags are not read: Unresolved tag: tag:yaml.org,2002:js/function',
    ],
  ])('%s', (_, text, says) => {
    expect(problemsIn(text)).toEqual([says])
    expect(read(text).documents).toEqual([])
  })

  test('of several faults in one document the first, of several documents each', () => {
    expect(problemsIn('a: [\n---\nb: !x 1\n---\nc: 1\n')).toEqual([
      'a.yaml:2:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
      'a.yaml:3:4: tags are not read: Unresolved tag: !x',
    ])
  })
})

describe('what YAML allows and a definition does not', () => {
  test.each([
    ['a list as key', 'a: 1\n? [b]\n: c\n', 'a.yaml:2:3: a key must be plain text'],
    ['a number as key', 'a: 1\n1: c\n', 'a.yaml:2:1: a key must be plain text'],
    ['an alias of nothing', 'a: *x\n', 'a.yaml:1:4: *x names nothing: there is no &x before it'],
    ['the key __proto__', 'a: 1\n__proto__: { b: 1 }\n', 'a.yaml:2:1: "__proto__" cannot be a key'],
    ['the key __proto__ deep inside', 'a: { b: { __proto__: 1 } }\n', 'a.yaml:1:11: "__proto__" cannot be a key'],
  ])('%s', (_, text, says) => {
    expect(problemsIn(text)).toEqual([says])
    expect(read(text).documents).toEqual([])
  })

  test('a key that stands twice; the rest of the document is still checked', () => {
    const { documents } = read('a: 1\nb: 2\na: 3\nc: { d: 1, d: 2 }\n')
    expect(problemsIn('a: 1\nb: 2\na: 3\nc: { d: 1, d: 2 }\n')).toEqual([
      'a.yaml:3:1: this key stands here twice; keep one of them',
      'a.yaml:4:12: this key stands here twice; keep one of them',
    ])
    expect(documents).toHaveLength(1)
  })
})

describe('bombs', () => {
  const says = 'a.yaml:1:1: its aliases (*name) expand to more than 100 copies; write the values out'

  test('aliases of aliases are refused, not expanded', () => {
    const levels = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
    const lines = levels.map((name, index) => {
      const before = index === 0 ? 'a' : levels[index - 1]
      return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`
    })
    expect(problemsIn(`a: &a [x, x]\n${lines.join('\n')}\n`)).toEqual([says])
  })

  test('aliases within reason are read', () => {
    const { documents, problems } = read('a: &o { team: x }\nb: *o\n')
    expect(problems).toEqual([])
    expect(documents[0]?.value).toEqual({ a: { team: 'x' }, b: { team: 'x' } })
  })

  test.each([
    ['lists', `a: ${'['.repeat(20_000)}`],
    ['lists of lists on one line', `${'- '.repeat(20_000)}x`],
    ['blocks', Array.from({ length: 3_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('%s nested without end are refused', (_, text) => {
    const { problems, documents } = read(text)
    expect(problems.map(({ message }) => message)).toEqual(['nested too deeply to be read'])
    expect(documents).toEqual([])
  })
})

describe('what is there', () => {
  test.each(['', '\n', '# nothing\n', '---\n---\n', '# nothing\n---\n# nothing\n'])('%j holds no document', (text) => {
    expect(read(text)).toEqual({ documents: [], problems: [] })
  })

  test('a place is found by path: of a value, of a key, or of the nearest thing around what is missing', () => {
    const [document] = read(
      '# first\n---\nrun:\n  glue: job\n  arguments:\n    --book: eq\nlist: [a, { b: c }]\n',
    ).documents
    const at = (path: (string | number)[], on?: 'key' | 'value') => {
      const place = document?.placeOf(path, on)
      return `${place?.line}:${place?.column}`
    }
    expect(at(['run', 'glue'])).toBe('4:9')
    expect(at(['run', 'glue'], 'key')).toBe('4:3')
    expect(at(['run', 'arguments', '--book'])).toBe('6:13')
    expect(at(['list', 1, 'b'])).toBe('7:16')
    expect(at(['run', 'none', 'deeper'])).toBe('4:3')
    expect(at([])).toBe('3:1')
  })

  test('a place inside an alias is where the anchor is', () => {
    const [document] = read('a: &o\n  team: x\nb: *o\n').documents
    expect(document?.placeOf(['b', 'team'])).toEqual({ file: 'a.yaml', line: 2, column: 9 })
  })

  test('the source is what was typed', () => {
    const [document] = read('a: 012\nb: 1_000\nc: "x"\nd: 0x1F\n').documents
    expect(['a', 'b', 'c', 'd'].map((key) => document?.sourceOf([key]))).toEqual(['012', '1_000', 'x', '0x1F'])
    expect(document?.sourceOf(['none', 'deeper'])).toBeUndefined()
  })

  test('lines are counted alike with CRLF', () => {
    expect(problemsIn('a: 1\r\nb: 2\r\na: 3\r\n')).toEqual(['a.yaml:3:1: this key stands here twice; keep one of them'])
  })
})

test('law: whatever the text, there is an answer, and each problem has a place in it', () => {
  const aPiece = fc.constantFrom(
    ...['a', 'b', ': ', ':', '- ', '[', ']', '{', '}', ', ', '\n', '\n  ', '\t', '&x ', '*x', '!t ', '"', "'", '#'],
    ...['? ', '| ', '>\n', '---\n', '...\n', '%YAML 1.1\n', '<<: ', '__proto__', '\0', '\u2028', '0x1', '~', '\r'],
  )
  const aText = fc.oneof(
    fc.array(aPiece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    fc.string(),
  )
  fc.assert(
    fc.property(aText, (text) => {
      const lines = text.split(/\r\n|\n/).length
      for (const { line, column, message } of read(text).problems) {
        expect(line).toBeGreaterThanOrEqual(1)
        expect(line).toBeLessThanOrEqual(lines)
        expect(column).toBeGreaterThanOrEqual(1)
        expect(message).not.toBe('')
      }
    }),
    { numRuns: 1_000 },
  )
})
