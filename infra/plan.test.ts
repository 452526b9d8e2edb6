import { expect, test } from 'vitest'
import type { Mesh } from '../catalog/mesh.ts'
import type { DomainDefinition } from '../model/definition.ts'
import type { Domain } from '../model/ids.ts'
import { definitionOf, toProduct } from '../model/samples.test-data.ts'
import { planMesh } from './plan.ts'

const domainOf = (domain: string, account: string): DomainDefinition => ({
  ...{ domain: domain as Domain, account, calendar: 'weekdays', timezone: 'UTC', location: null },
  owner: { team: 'x', email: 'x@example.com' },
})
const publishing = (product: string) =>
  definitionOf(product, [], { publish: { location: `s3://example-${product.replace('/', '-')}/` } })

test('an upstream in a group is read from its bucket; one outside the mesh has none', () => {
  const [one, other, vendor] = ['raw/one', 'raw/other', 'd1/vendor'].map((product) => ({ product: toProduct(product) }))
  if (!one || !other || !vendor) throw new Error('Three upstreams.')
  const grouped = definitionOf('d1/own', [], {
    publish: null,
    dependsOn: [
      vendor,
      {
        atLeast: 1,
        of: [
          { ...one, match: { kind: 'covering' } },
          { atLeast: 2, of: [one, other] },
        ],
      },
    ],
  })
  const mesh: Mesh = {
    domains: [domainOf('d1', '222222222222'), domainOf('raw', '111111111111')],
    products: [grouped, publishing('raw/one'), publishing('raw/other'), publishing('raw/unread')],
    ...{ externals: [], calendars: [] },
  }
  const plan = planMesh({ mesh, region: 'us-east-1', centralAccount: '999999999999', scriptOf: (job) => `${job}.sql` })
  const [d1, raw] = plan.domains
  expect(d1).toMatchObject({ buckets: [], reads: ['example-raw-one', 'example-raw-other'] })
  expect(raw?.buckets.map(({ name, readers }) => [name, readers])).toEqual([
    ['example-raw-one', ['d1']],
    ['example-raw-other', ['d1']],
    ['example-raw-unread', []],
  ])
})
