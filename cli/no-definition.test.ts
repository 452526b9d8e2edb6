// What is said of a product that no definition is applied of: an external is told from a slip of the finger.
import { expect, test } from 'vitest'
import { externalOf } from '../catalog/samples.test-data.ts'
import { catalogOf, definitionOf, toKey, toProduct, versionOf } from '../model/samples.test-data.ts'
import { chooseBus } from './choose-bus.ts'
import { whyNoDefinition } from './no-definition.ts'
import { openByHand } from './open-cycle.ts'

const applied = {
  ...catalogOf([versionOf(definitionOf('d1/ds3', ['d1/vendor-closes']))]),
  externals: [externalOf('d1/vendor-closes')],
}
const partsOf = (product: string) => ({ product: toProduct(product), key: toKey('2026-11-20') })

test('of an external it says what it is, and what can be done', () => {
  expect(whyNoDefinition(applied, partsOf('d1/vendor-closes'))).toBe(
    'd1/vendor-closes is declared external in domain d1: events of others say that it is there, and it has no cycles of ' +
      'its own. What has come: sluice events tail --domain d1; what its mappings make of an event: sluice external test ' +
      '<definitions> --event <file>; to say yourself that it is there: sluice events send d1/vendor-closes/2026-11-20',
  )
})

test.each([
  ['d1/vendor-close', 'No definition of d1/vendor-close is applied; did you mean "d1/vendor-closes"?'],
  ['d1/ds4', 'No definition of d1/ds4 is applied; did you mean "d1/ds3"?'],
  ['d1/elsewhere', 'No definition of d1/elsewhere is applied. Its domain has d1/ds3.'],
])('of %s, which is nothing, the nearest name', (product, says) => {
  expect(whyNoDefinition(applied, partsOf(product), '. Its domain has d1/ds3.')).toBe(says)
})

test('a cycle of an external is not opened by hand', async () => {
  const temporal = {} as Parameters<typeof openByHand>[0]
  const settings = { checkGlueMs: 1_000, errorWaitMs: 60_000, recordRetryMs: 1_000 }
  expect(await openByHand(temporal, applied, partsOf('d1/vendor-closes'), settings)).toEqual({
    ...{ kind: 'refused', reason: expect.stringContaining('is declared external in domain d1') },
  })
})

test.each([
  [
    'd1/vendor-closes',
    { isOwnBus: true, note: expect.stringMatching(/^d1\/vendor-closes is declared external .* place\.$/) },
  ],
  ['d1/elsewhere', { isOwnBus: false, note: 'No definition of d1/elsewhere is applied. It is sent all the same.' }],
  ['d1/ds3', { isOwnBus: false, note: null }],
])('an event of %s by hand goes where it is heard', (product, chosen) => {
  expect(chooseBus(applied, partsOf(product))).toEqual(chosen)
})
