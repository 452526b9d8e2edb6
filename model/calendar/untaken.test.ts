import { expect, test } from 'vitest'
import { arrivalOf, definitionOf, toProduct } from '../samples.test-data.ts'
import { judgeByPast, judgePastInput, type PastInput } from './untaken.ts'

const ran: PastInput = { outcome: null, state: 'ARRIVED', revision: 1 }

test('a newer revision is a correction of what a closed cycle ran on, but not one that was taken back', () => {
  expect(judgePastInput(ran, 2)).toMatchObject({ outcome: 'correction' })
  expect(judgePastInput({ ...ran, isTakenBack: true }, 2)).toMatchObject({ outcome: 'withdrawn' })
  expect(judgePastInput({ ...ran, isTakenBack: true }, 1)).toMatchObject({ outcome: 'duplicate' })
})

test('a partial refresh corrects no closed cycle whose definition refuses it', () => {
  const [whole, partial] = [arrivalOf('d1/ds1'), arrivalOf('d1/ds1', { builtWithout: [toProduct('raw/x')] })]
  const [any, refusing] = [
    definitionOf('d1/ds3', ['d1/ds1']),
    { ...definitionOf('d1/ds3'), dependsOn: [{ product: toProduct('d1/ds1'), acceptPartial: false as const }] },
  ]
  const past = judgePastInput(ran, 2)
  expect(judgeByPast('closed', past, { definition: any, arrival: partial })).toMatchObject({ outcome: 'correction' })
  expect(judgeByPast('closed', past, { definition: refusing, arrival: whole })).toMatchObject({ outcome: 'correction' })
  expect(judgeByPast('closed', past, { definition: refusing, arrival: partial })).toEqual({
    outcome: 'partial',
    note: 'it was made without raw/x, and the definition accepts no partial refresh',
  })
})
