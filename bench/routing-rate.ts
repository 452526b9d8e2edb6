// What the bridge does with a message before anybody is asked: parse, authorise, route. In: messages, the domain's own
// catalog. Out: events a second of one core. Never: a message that the bridge would refuse; that would be a shorter way.
import { S3Client } from '@aws-sdk/client-s3'
import { authorise } from '../bridge/authorise.ts'
import { parseMessage } from '../bridge/parse.ts'
import { loadDomainCatalog } from '../catalog/load.ts'
import { CATALOG_BUCKET, CENTRAL_ACCOUNT } from '../cli/dev/deploy-mesh.ts'
import { buildIndex, route } from '../model/calendar/routing.ts'
import { clientOptions } from '../sandbox/cloudformation/account.ts'
import { DOMAIN } from './mesh-folder.ts'
import type { Stage } from './stage.ts'

const MEASURED_MS = 2_000

export async function measureRouting({ endpoint }: Stage, messages: string[]): Promise<number> {
  const s3 = new S3Client(clientOptions(endpoint, CENTRAL_ACCOUNT))
  const loaded = await loadDomainCatalog(s3, CATALOG_BUCKET, DOMAIN, undefined)
  s3.destroy()
  if (loaded.kind !== 'loaded') throw new Error('The catalog of the measured domain is not there.')
  const index = buildIndex(loaded.catalog)
  const one = (body: string): void => {
    const parsed = parseMessage(body)
    if (parsed.kind !== 'refreshed') throw new Error(`A message of the bench is ${parsed.kind}.`)
    if (authorise(index, CENTRAL_ACCOUNT, parsed)) throw new Error('A message of the bench is not allowed.')
    route(index, parsed.arrival.product, parsed.arrival.key)
  }
  for (const body of messages) one(body)
  const startMs = performance.now()
  let done = 0
  for (; performance.now() - startMs < MEASURED_MS; done += messages.length) for (const body of messages) one(body)
  return done / ((performance.now() - startMs) / 1_000)
}
