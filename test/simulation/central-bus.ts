// EventBridge on simulated time: the central bus, one rule per subscribing domain, each domain's default bus.
// In: PutEvents, raw publications, ends of Glue runs. Out: messages in the domains' queues, early, late, twice, or not.
// Never: an event that the ledger does not know; a raw one dropped (nobody could repair that).
import { upstreamsIn } from '../../model/dependencies.ts'
import {
  type CycleKey,
  type Domain,
  domainOf,
  nameOf,
  type ProductId,
  toCycleId,
  toEventId,
  toWithdrawalId,
} from '../../model/ids.ts'
import { NOT_REFRESHED, REFRESHED, toEventSource } from '../../model/refresh-event.ts'
import type { Operations } from './aws-call.ts'
import type { AwsLedger } from './aws-ledger.ts'
import type { Run } from './glue.ts'
import type { Hostility } from './hostility.ts'
import { ACCOUNTS, CENTRAL_BUS, type Mesh } from './mesh.ts'
import type { Queues } from './queues.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface CentralBus {
  operations: Operations
  publishRaw(mesh: Mesh): void
  /** From outside, now. */
  publish(product: ProductId, key: CycleKey, revision: number): void
  tellGlueEnd(domain: Domain, run: Run): void
}

interface Entry {
  EventBusName: string
  Source: string
  DetailType: string
  Detail: string
}

interface Detail {
  metadata: { id: string }
  data: { domain: string; product: string; cycle: CycleKey }
}

export interface BusParts {
  time: VirtualTime
  hostility: Hostility
  queues: Queues
  ledger: AwsLedger
  mesh: Mesh
}

export function createCentralBus({ time, hostility, queues, ledger, mesh }: BusParts): CentralBus {
  const { random } = hostility
  let envelopes = 0
  const toEnvelope = (source: string, account: string, type: string, detail: unknown): string => {
    envelopes += 1
    const at = new Date(time.nowMs()).toISOString()
    return JSON.stringify({ id: `e${envelopes}`, source, account, 'detail-type': type, time: at, detail })
  }
  const lag = (): number =>
    hostility.strikes('an event hours late', 0.1) ? random.between(60_000, 7_200_000) : random.between(5, 2_000)
  const put = ({ EventBusName: busArn, Source: source, DetailType: detailType, Detail }: Entry): void => {
    const { metadata, data } = JSON.parse(Detail) as Detail
    const product = `${data.domain}/${data.product}` as ProductId
    const account = ACCOUNTS[data.domain] ?? ''
    const facts = { busArn, source, detailType, metadataId: metadata.id }
    const at = { service: 'events', account }
    ledger.add({ ...at, kind: 'call', operation: 'PutEvents', outcome: 'ok', facts: { entries: [facts] } })
    time.note(`published ${metadata.id}`)
    const body = toEnvelope(source, account, detailType, { metadata, data })
    for (const domain of busArn === CENTRAL_BUS ? subscribers(mesh, product) : [busArn as Domain]) {
      if (data.domain !== 'raw' && hostility.strikes('an event dropped by the bus', 0.02)) continue
      const messageId = queues.put(`sluice-${domain}`, body, lag())
      const targetArn = `arn:aws:sqs:us-east-1:${ACCOUNTS[domain]}:sluice-${domain}-events`
      ledger.add({ ...at, kind: 'event-routed', facts: { ...facts, targetArn, messageId } })
    }
  }
  const publishRaw = (product: ProductId, key: CycleKey, revision: number): void => {
    const id = toEventId(toCycleId(product, key), revision)
    const metadata = { id, schemaVersion: '1.0', occurredAt: new Date(time.nowMs()).toISOString(), correlationId: id }
    const dataset = { location: `s3://example-raw/${nameOf(product)}/${key}/` }
    const data = { domain: domainOf(product), product: nameOf(product), cycle: key, revision, dataset }
    const Source = toEventSource(domainOf(product))
    put({ EventBusName: CENTRAL_BUS, Source, DetailType: REFRESHED, Detail: JSON.stringify({ metadata, data }) })
  }
  const withdrawRaw = (product: ProductId, key: CycleKey, revision: number): void => {
    const id = toWithdrawalId(toCycleId(product, key), revision)
    const metadata = { id, schemaVersion: '1.0', occurredAt: new Date(time.nowMs()).toISOString() }
    const named = { domain: domainOf(product), product: nameOf(product), cycle: key }
    const data = { ...named, state: 'CANCELLED', step: null, reason: 'the wrong file', withdraws: revision }
    const Source = toEventSource(domainOf(product))
    put({ EventBusName: CENTRAL_BUS, Source, DetailType: NOT_REFRESHED, Detail: JSON.stringify({ metadata, data }) })
  }
  const bus: CentralBus = {
    publish: publishRaw,
    publishRaw({ raw, keys }) {
      for (const key of keys) {
        // Around one instant of the day, so that they meet; some come before their cycle is due, or even in reach.
        const aroundMs = Date.parse(`${key}T00:00:00Z`) - time.nowMs() + random.between(-2, 10) * 3_600_000
        for (const product of raw) {
          const revisions = random.chance(0.3) ? [1, 2] : [1]
          for (const revision of revisions) {
            const offMs = random.pick([2_000, 600_000, 7_200_000, -129_600_000])
            const atMs = aroundMs + random.next() * offMs
            time.after(atMs, '', () => publishRaw(product, key, revision))
          }
          if (!hostility.strikes('a refresh taken back', 0.1)) continue
          // The right one comes sooner or later, perhaps on a shorter way than the word.
          const last = revisions.length
          const atMs = aroundMs + random.pick([1_000, 3_600_000])
          time.after(atMs, '', () => withdrawRaw(product, key, last))
          time.after(atMs + random.pick([10, 7_200_000]), '', () => publishRaw(product, key, last + 1))
        }
      }
    },
    tellGlueEnd(domain, run) {
      const detail = { jobName: run.job, jobRunId: run.id, state: run.state }
      const body = toEnvelope('aws.glue', ACCOUNTS[domain] ?? '', 'Glue Job State Change', detail)
      queues.put(`sluice-${domain}`, body, lag())
    },
    operations: {
      PutEvents: ({ Entries }: { Entries: Entry[] }) => {
        if (hostility.strikes('an entry refused by the bus', 0.03))
          return { Entries: [{ ErrorCode: 'ThrottlingException', ErrorMessage: 'slower' }] }
        if (hostility.strikes('an entry that the bus policy forbids', 0.004))
          return { Entries: [{ ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'not yours' }] }
        for (const entry of Entries) put(entry)
        return { Entries: [{ EventId: 'e' }] }
      },
    },
  }
  return bus
}

/** As a rule of the central bus does: by the source's domain, not by product. */
const subscribers = ({ domains, everApplied }: Mesh, product: ProductId): Domain[] =>
  domains.filter((domain) =>
    everApplied().some(
      ({ definition }) =>
        domainOf(definition.product) === domain &&
        upstreamsIn(definition.dependsOn).some((edge) => domainOf(edge.product) === domainOf(product)),
    ),
  )
