// Feeds real input into the stack. In: the script, the stack. Out: vendor files uploaded, faults set, cycles opened at
// their second, raw events repeated. Never: writes a status; what is shown comes from the product itself.
import { setTimeout as pause } from 'node:timers/promises'
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { Client } from '@temporalio/client'
import { loadDomainCatalog } from '../../catalog/load.ts'
import { readPrices, vendorFile } from '../../examples/feed.ts'
import { CENTRAL_BUS, toBusArn } from '../../infra/events.ts'
import type { DomainCatalog } from '../../model/calendar/routing.ts'
import type { CycleSettings } from '../../model/cycle/cycle.ts'
import { domainOf } from '../../model/ids.ts'
import { clientOptions, type Endpoint } from '../../sandbox/cloudformation/account.ts'
import { CATALOG_BUCKET, CENTRAL_ACCOUNT } from '../dev/deploy-mesh.ts'
import { openByHand } from '../open-cycle.ts'
import { type HandPublication, toRefreshEntry } from '../refresh-entry.ts'
import type { DemoFault, DemoScript } from './script.ts'

const LANDING_BUCKET = 'example-raw-landing'

/** `keys`: oldest first; the n-th gets the history up to the (5 - n)-th trading day from the end of the file. */
export async function uploadVendorFiles(endpoint: Endpoint, rawAccount: string, keys: string[]): Promise<void> {
  const s3 = new S3Client(clientOptions(endpoint, rawAccount))
  const prices = readPrices()
  for (const [n, key] of keys.entries()) {
    const Body = vendorFile(prices, keys.length - n)
    await s3.send(new PutObjectCommand({ Bucket: LANDING_BUCKET, Key: `${key}/sp500.csv`, Body }))
  }
  s3.destroy()
}

/** Switches faults on in the sandbox AWS; its own endpoint, no AWS call. */
export async function setFaults(endpoint: string, faults: DemoFault[]): Promise<void> {
  for (const fault of faults) {
    const answer = await fetch(`${endpoint}/_sandbox/faults`, { method: 'POST', body: JSON.stringify(fault) })
    if (!answer.ok) throw new Error(`The sandbox AWS refused a fault of the demo: ${await answer.text()}`)
  }
}

export async function loadCatalogs(endpoint: Endpoint, domains: string[]): Promise<Map<string, DomainCatalog>> {
  const s3 = new S3Client(clientOptions(endpoint, CENTRAL_ACCOUNT))
  const catalogs = new Map<string, DomainCatalog>()
  for (const domain of domains) {
    const loaded = await loadDomainCatalog(s3, CATALOG_BUCKET, domain)
    if (loaded.kind === 'loaded') catalogs.set(domain, loaded.catalog)
  }
  s3.destroy()
  return catalogs
}

export interface Feeding {
  temporal: Client
  catalogs: Map<string, DomainCatalog>
  settings: CycleSettings
  signal: AbortSignal
}

/** Opens each cycle at its second; resolves after the last act, or when told to end. */
export async function performActs(
  { acts }: DemoScript,
  { temporal, catalogs, settings, signal }: Feeding,
): Promise<void> {
  const startedMs = performance.now()
  for (const act of acts) {
    await pause(Math.max(0, startedMs + act.atMs - performance.now()), undefined, { signal })
    const catalog = catalogs.get(domainOf(act.product))
    if (!catalog) throw new Error(`The demo's mesh has no domain for ${act.product}.`)
    const opened = await openByHand(temporal, catalog, act, settings)
    if (opened.kind === 'refused')
      throw new Error(`The demo could not open ${act.product}/${act.key}: ${opened.reason}`)
  }
}

/** Sends a refresh event of `raw` again, as a producer's retry would: same id, same content. */
export async function repeatEvent(
  endpoint: Endpoint,
  rawAccount: string,
  publication: HandPublication,
  times: number,
): Promise<void> {
  const events = new EventBridgeClient(clientOptions(endpoint, rawAccount))
  const entry = toRefreshEntry(toBusArn(endpoint.region, CENTRAL_ACCOUNT, CENTRAL_BUS), publication)
  const answer = await events.send(new PutEventsCommand({ Entries: Array.from({ length: times }, () => entry) }))
  events.destroy()
  if (answer.FailedEntryCount)
    throw new Error(`The central bus refused a repeated event: ${answer.Entries?.[0]?.ErrorMessage}`)
}
