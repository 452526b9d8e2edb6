// The domain's definitions as roles read them: from the catalog bucket, with Postgres down too.
// In: S3 and the domain. Out: the routing index, when it changed.
import type { S3Client } from '@aws-sdk/client-s3'
import type { IndexSource } from '../bridge/index-watch.ts'
import { loadDomainCatalog } from '../catalog/load.ts'
import { buildIndex } from '../model/calendar/routing.ts'
import type { Domain } from '../model/ids.ts'

export const createIndexSource = (s3: S3Client, bucket: string, domain: Domain): IndexSource => ({
  async load(etag) {
    const loaded = await loadDomainCatalog(s3, bucket, domain, etag)
    return loaded.kind === 'unchanged' ? undefined : { index: buildIndex(loaded.catalog), etag: loaded.etag }
  },
})
