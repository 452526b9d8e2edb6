import { stripVTControlCharacters } from 'node:util'
import { afterEach, expect, test, vi } from 'vitest'
import { CYCLE_STATES } from '../model/states.ts'
import { colourState, print, printJson, toCount, toPrintable, toTable } from './output.ts'

test('columns are as wide as their widest cell, and no line ends in spaces', () => {
  const table = stripVTControlCharacters(toTable(['seen', 'event'], [['yesterday', 'a'], ['today']]))
  expect(table).toBe('seen       event\nyesterday  a\ntoday')
})

test('colours do not count as width', () => {
  const red = (text: string): string => `\u001b[31m${text}\u001b[39m`
  const plain = toTable(
    ['state', 'x'],
    [
      ['ERROR', '1'],
      ['WAITING', '2'],
    ],
  )
  const coloured = toTable(
    ['state', 'x'],
    [
      [red('ERROR'), '1'],
      ['WAITING', '2'],
    ],
  )
  expect(stripVTControlCharacters(coloured)).toBe(stripVTControlCharacters(plain))
})

test('every state has its word, whatever its colour', () => {
  for (const state of CYCLE_STATES) expect(stripVTControlCharacters(colourState(state))).toBe(state)
})

test('one thing is not two', () => {
  expect([0, 1, 2].map((count) => toCount(count, 'event'))).toEqual(['0 events', '1 event', '2 events'])
})

afterEach(() => vi.restoreAllMocks())

const EVIL = 'a\u001b[2Jb\u009b31mc\u0007\u202ed\re'

test('what a terminal would obey is printed as its number; colours, tabs and lines stay', () => {
  expect(toPrintable(EVIL)).toBe(String.raw`a\u001b[2Jb\u009b31mc\u0007\u202ed\u000de`)
  const own = '\u001b[1m\u001b[31mERROR\u001b[39m\u001b[22m\tx\ny'
  expect(toPrintable(own)).toBe(own)
  expect(toPrintable('one\r\ntwo')).toBe('one\ntwo')
})

test('a cell is one line, as wide as it is printed', () => {
  const table = stripVTControlCharacters(toTable(['why', 'x'], [['a\nb\u0007', '1']]))
  expect(table).toBe(String.raw`why         x
a\nb\u0007  1`)
})

test('what comes from elsewhere reaches no terminal raw, and JSON stays what it was', () => {
  let written = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((written += String(text))))
  print(EVIL)
  expect(written).toBe(`${toPrintable(EVIL)}\n`)
  written = ''
  printJson({ reason: `${EVIL}\n\t` })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there.
  expect(written).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  expect(JSON.parse(written)).toEqual({ reason: `${EVIL}\n\t` })
})
