import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { CYCLE_STATES } from '../model/states.ts'
import { colourState, toCount, toTable } from './output.ts'

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
