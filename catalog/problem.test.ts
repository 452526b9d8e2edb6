import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Problem, sortProblems, toProblemText } from './problem.ts'

const at = (file: string, line: number | null, column: number | null, message = 'wrong'): Problem => ({
  file,
  line,
  column,
  message,
})

const anyText = fc.string({ unit: fc.nat({ max: 0x2100 }).map((code) => String.fromCharCode(code)) })

test('a problem is file, line, column and message, as terminals and editors open them', () => {
  expect(toProblemText(at('mesh/d1/ds3.yaml', 4, 12))).toBe('mesh/d1/ds3.yaml:4:12: wrong')
  expect(toProblemText(at('mesh/d1/ds3.yaml', null, null))).toBe('mesh/d1/ds3.yaml: wrong')
})

test('what is quoted from a file stays one line and moves no cursor', () => {
  expect(toProblemText(at('a.yaml', 1, 1, '"x\n\u001b[2J\u0000\u2028y" is wrong'))).toBe(
    'a.yaml:1:1: "x\\u000a\\u001b[2J\\u0000\\u2028y" is wrong',
  )
  fc.assert(
    fc.property(anyText, anyText, (file, message) => {
      expect(toProblemText(at(file, 1, 1, message))).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
    }),
  )
})

test('problems are sorted by file, then from top to bottom, and said once', () => {
  const sorted = [
    at('a.yaml', null, null),
    at('a.yaml', 2, 9),
    at('a.yaml', 10, 1),
    at('a.yaml', 10, 3),
    at('b.yaml', 1, 1),
  ]
  const mixed = [4, 2, 0, 3, 1, 2].map((index) => ({ ...sorted[index] }) as Problem)
  expect(sortProblems(mixed)).toEqual(sorted)
})
