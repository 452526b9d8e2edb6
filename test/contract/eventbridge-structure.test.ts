// How the fields of a pattern go together: all of them, nested, in arrays of objects, in alternatives.
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { isMatch } from './eventbridge-client.ts'

const operators = 'eb-create-pattern-operators'
const guide = 'eb-create-pattern'
const readme = 'ruler: README'

type Whole = [id: string, says: string, source: string, pattern: unknown, matching: object[], other: object[]]
const inDetail = (detail: object) => ({ detail })
const parallel = { $or: [{ source: ['x'] }, { detail: { b: [1] } }] }

/** Patterns as wholes against events, whose other fields are filled in. */
const wholes: Whole[] = [
  [
    'eb-060',
    'all fields of a pattern must match',
    guide,
    { detail: { a: [1], b: [2] } },
    [inDetail({ a: 1, b: 2, c: 3 })],
    [inDetail({ a: 1 })],
  ],
  [
    'eb-061',
    'fields that the pattern does not name do not count',
    guide,
    { source: ['dataproduct.contract'] },
    [inDetail({ a: 1 }), {}],
    [],
  ],
  [
    'eb-062',
    'names of fields keep their case',
    guide,
    { detail: { A: [1] } },
    [inDetail({ A: 1 })],
    [inDetail({ a: 1 })],
  ],
  [
    'eb-063',
    'a field must be nested as the pattern nests it',
    guide,
    { detail: { a: { b: [1] } } },
    [inDetail({ a: { b: 1 } })],
    [inDetail({ b: 1 }), inDetail({ a: 1 })],
  ],
  [
    'eb-064',
    'exists false holds where the object around is missing',
    operators,
    { detail: { a: { b: [{ exists: false }] } } },
    [inDetail({}), {}],
    [inDetail({ a: { b: 1 } })],
  ],
  [
    'eb-065',
    'an array in the event: resources',
    'eb-event-patterns-arrays',
    { resources: ['arn:x'] },
    [{ resources: ['arn:y', 'arn:x'] }],
    [{ resources: [] }],
  ],
  [
    'eb-066',
    'two fields must match in the same element of an array of objects',
    'ruler: README',
    { detail: { items: { name: ['x'], size: [2] } } },
    [
      inDetail({
        items: [
          { name: 'y', size: 1 },
          { name: 'x', size: 2 },
        ],
      }),
    ],
    [
      inDetail({
        items: [
          { name: 'x', size: 1 },
          { name: 'y', size: 2 },
        ],
      }),
    ],
  ],
  [
    'eb-067',
    'the same holds for an array within an array of objects',
    'ruler: README',
    { detail: { a: { n: [1], b: { x: ['p'], y: ['q'] } } } },
    [inDetail({ a: [{ n: 1, b: [{ x: 'p', y: 'q' }] }] })],
    [
      inDetail({ a: [{ n: 1, b: [{ x: 'p' }, { y: 'q' }] }] }),
      inDetail({ a: [{ n: 1 }, { n: 2, b: [{ x: 'p', y: 'q' }] }] }),
    ],
  ],
  [
    'eb-068',
    'fields of two arrays side by side are free of each other',
    'ruler: README',
    { detail: { a: { x: [1] }, b: { x: [2] } } },
    [inDetail({ a: [{ x: 1 }, { x: 0 }], b: [{ x: 0 }, { x: 2 }] })],
    [inDetail({ a: [{ x: 2 }], b: [{ x: 1 }] })],
  ],
  [
    'eb-069',
    'exists false of a field in an array of objects asks every element',
    'ruler: NameState',
    { detail: { items: { name: [{ exists: false }] } } },
    [inDetail({ items: [{ size: 1 }] })],
    [inDetail({ items: [{ name: 'x' }, { size: 1 }] })],
  ],
  [
    'eb-070',
    '$or needs one of its alternatives',
    operators,
    parallel,
    [{ source: 'x' }, inDetail({ b: 1 })],
    [inDetail({ b: 2 })],
  ],
  [
    'eb-071',
    'the fields beside $or must hold as well',
    operators,
    { account: ['1'], ...parallel },
    [{ account: '1', source: 'x' }],
    [
      { account: '2', source: 'x' },
      { account: '1', source: 'y' },
    ],
  ],
  [
    'eb-072',
    '$or stands at any depth',
    operators,
    { detail: { $or: [{ a: [1] }, { b: [{ numeric: ['>', 5] }] }] } },
    [inDetail({ a: 1 }), inDetail({ b: 6 })],
    [inDetail({ a: 2, b: 5 })],
  ],
  [
    'eb-073',
    'an alternative may have a $or of its own',
    readme,
    { $or: [{ source: ['x'] }, { account: ['1'], $or: [{ region: ['r'] }, { detail: { a: [1] } }] }] },
    [{ source: 'x' }, { account: '1', region: 'r' }, { account: '1', ...inDetail({ a: 1 }) }],
    [{ account: '1', region: 's' }, { region: 'r' }],
  ],
  [
    'eb-074',
    'two $or in one pattern must both hold',
    readme,
    { $or: [{ source: ['x'] }, { account: ['1'] }], detail: { $or: [{ a: [1] }, { b: [1] }] } },
    [{ source: 'x', detail: { b: 1 } }],
    [{ source: 'x', detail: {} }, inDetail({ a: 1 })],
  ],
]

const toWholeClaim = ([id, says, source, pattern, matching, other]: Whole): Claim => ({
  id,
  says,
  source,
  async holds(target) {
    for (const event of matching) expect([event, await isMatch(target, pattern, event)]).toEqual([event, true])
    for (const event of other) expect([event, await isMatch(target, pattern, event)]).toEqual([event, false])
  },
})

putClaims(wholes.map(toWholeClaim))
