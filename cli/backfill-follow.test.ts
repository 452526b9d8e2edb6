import { expect, test } from 'vitest'
import { toScreen } from './backfill-follow.ts'

/** All that was written. */
function streamOf(isTTY: boolean, columns = 20) {
  const written: string[] = []
  const write = (text: string | Uint8Array): boolean => written.push(String(text)) > 0
  return { isTTY, columns, write, written }
}

test('on a terminal one line is painted over, no wider than it is, and is gone at the end', () => {
  const stream = streamOf(true)
  const screen = toScreen(stream)
  for (const line of ['0 of 2 completed, 2 at work', '0 of 2 completed, 2 at work', '1 of 2 completed'])
    screen.show(line)
  screen.clear()
  expect(stream.written).toEqual(['\r\u001b[2K0 of 2 completed, 2', '\r\u001b[2K1 of 2 completed', '\r\u001b[2K'])
})

test('elsewhere each change is a line of its own, without a control character', () => {
  const stream = streamOf(false)
  const screen = toScreen(stream)
  for (const line of ['0 of 2 completed, 2 at work', '0 of 2 completed, 2 at work', '2 of 2 completed'])
    screen.show(line)
  screen.clear()
  expect(stream.written).toEqual(['0 of 2 completed, 2 at work\n', '2 of 2 completed\n'])
})
