// Entry: the bridge of one domain, `node workers/bridge.ts <domain>`. Takes its queue's events until told to stop.
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs'
import { startBridge } from '../bridge/bridge.ts'
import { createCallPace } from '../bridge/call-pace.ts'
import { createDeadLetters } from '../bridge/dead-letters.ts'
import { watchIndex } from '../bridge/index-watch.ts'
import { openAws } from '../clients/aws.ts'
import { ensureRetention } from '../clients/namespace.ts'
import { openPostgres } from '../clients/postgres.ts'
import { ensureSearchAttributes } from '../clients/search-attributes.ts'
import { openTemporal } from '../clients/temporal.ts'
import { judgePast } from '../mirror/judge-past.ts'
import { readPast } from '../mirror/past.ts'
import { listWaiting } from '../mirror/missed.ts'
import { recordUntaken } from '../mirror/ledger.ts'
import { DAY_MS } from '../model/calendar/due.ts'
import { OPENING_WINDOW } from '../model/calendar/routing.ts'
import { SEARCH_ATTRIBUTES } from '../workflows/contract.ts'
import { createIndexSource } from './catalog.ts'
import { repeat } from './repeat.ts'
import { runRole } from './role.ts'

const SERVER_PATIENCE_MS = 60_000
/** Half of what Glue allows an account for GetJobRun; the rest is the worker's. */
const GLUE_CALLS_PER_SECOND = 10

await runRole('bridge', async ({ config, log, stopping, ready }) => {
  const temporal = await openTemporal(config.temporal, SERVER_PATIENCE_MS)
  await ensureRetention(temporal, OPENING_WINDOW.acceptForMs / DAY_MS)
  await ensureSearchAttributes(temporal, SEARCH_ATTRIBUTES)
  const aws = openAws(config.region)
  const db = openPostgres(config.databaseUrl, { applicationName: `sluice bridge ${config.domain}`, maxConnections: 2 })
  const index = await watchIndex(createIndexSource(aws.s3, config.catalogBucket, config.domain))
  const queueUrl = async (name: string) =>
    (await aws.sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl ?? ''
  const bridge = startBridge({
    log,
    temporal,
    index,
    domain: config.domain,
    centralAccount: config.centralBusArn.split(':')[4] ?? '',
    window: OPENING_WINDOW,
    settings: config.cycle,
    ledger: {
      recordUntaken: (events) => recordUntaken(db, config.domain, events),
      judgePast: (question) => judgePast(db, { domain: config.domain, ...question }),
      readPast: (cycle) => readPast(db, cycle),
      listWaiting: (upstream) => listWaiting(db, config.domain, upstream),
    },
    sqs: aws.sqs,
    queueUrl: await queueUrl(config.queueName),
    deadLetters: createDeadLetters(aws.sqs, await queueUrl(config.deadLetterQueueName)),
    glue: aws.glue,
    glueCalls: createCallPace(GLUE_CALLS_PER_SECOND, GLUE_CALLS_PER_SECOND),
    loops: 4,
    nowMs: Date.now,
  })
  const watching = repeat(config.catalogPollMs, stopping, async () => {
    await index
      .reload()
      .catch((error: unknown) =>
        log.warn({ error: String(error) }, 'The catalog bucket does not answer; the index stays as it is'),
      )
  })
  ready({ products: index.current().catalog.products.length })
  await stopping
  await bridge.stop()
  await watching
  await Promise.all([temporal.connection.close(), db.end()])
  aws.close()
})
