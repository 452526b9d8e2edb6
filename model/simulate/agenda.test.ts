import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAgenda } from './agenda.ts'

test('instants come in order, each once with all its items as they were put', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 60 }), (instants) => {
      const agenda = createAgenda<number>()
      instants.forEach((atMs, item) => {
        agenda.put(atMs, item)
      })
      const taken: [number, number[]][] = []
      while (agenda.nextMs() < Infinity) taken.push([agenda.nextMs(), agenda.take()])
      const expected = [...new Set(instants)].sort((one, other) => one - other)
      expect(taken).toEqual(expected.map((at) => [at, instants.flatMap((atMs, item) => (atMs === at ? [item] : []))]))
    }),
  )
})

test('what is put for the present instant while it is played comes next', () => {
  const agenda = createAgenda<string>()
  agenda.put(5, 'first')
  agenda.put(9, 'last')
  expect(agenda.take()).toEqual(['first'])
  agenda.put(5, 'what follows')
  expect([agenda.nextMs(), agenda.take(), agenda.take(), agenda.nextMs()]).toEqual([
    5,
    ['what follows'],
    ['last'],
    Infinity,
  ])
})
