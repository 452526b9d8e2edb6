// The demo: the example mesh on a local stack, five business dates, real events. In: a stack, where to write.
// Out: what ran and whether all of it is right. Never: claims a figure that it did not compare.
import { readConfig } from '../../clients/config.ts'
import { openPostgres } from '../../clients/postgres.ts'
import { openTemporal } from '../../clients/temporal.ts'
import { demoDates } from '../../examples/feed.ts'
import { type CycleReport, type CycleRow, listCycles, readCycle } from '../../mirror/status.ts'
import { dateAt } from '../../model/calendar/wall-time.ts'
import { type CycleId, type CycleKey, toCycleId } from '../../model/ids.ts'
import type { LocalStack } from '../dev/local-stack.ts'
import { REGION } from '../stack-environment.ts'
import { loadCatalogs, performActs, repeatEvent, setFaults, uploadVendorFiles } from './feed-mesh.ts'
import type { HandPublication } from '../refresh-entry.ts'
import { checkFigures } from './figures.ts'
import { follow } from './follow.ts'
import { toChangeLine } from './report.ts'
import { DEMO_PRODUCTS, type DemoScript, toScript } from './script.ts'

export interface DemoOrder {
  stack: LocalStack
  nowMs: number
  say(line: string): void
  signal: AbortSignal
}

export interface DemoResult {
  script: DemoScript
  keys: string[]
  reports: CycleReport[]
  /** Empty when every product completed with the right figures. */
  problems: string[]
}

export const DEMO_ZONE = 'America/New_York'
const WITHIN_MS = 150_000
const REPEATS = 2

/** Timings of the roles: an end that Glue did not tell is found after 5 s instead of 15 min. */
export const DEMO_SETTINGS: Record<string, string> = {
  SLUICE_GLUE_CHECK_SECONDS: '5',
  SLUICE_GLUE_CAPACITY_SECONDS: '2',
  SLUICE_RECORD_RETRY_SECONDS: '5',
  SLUICE_CATALOG_POLL_SECONDS: '2',
}

export async function runDemo(order: DemoOrder): Promise<DemoResult> {
  const { stack, signal } = order
  const keys = demoDates(dateAt(order.nowMs, DEMO_ZONE))
  const script = toScript(keys)
  const { servers, deployed } = stack
  if (!deployed || !servers.awsEndpoint || !servers.databaseUrl) throw new Error('The demo needs a whole local stack.')
  const endpoint = { endpoint: servers.awsEndpoint, region: REGION }
  const accountOf = (domain: string): string => deployed.accounts[domain] ?? ''
  const db = openPostgres(servers.databaseUrl, { applicationName: 'sluice demo' })
  const config = readConfig(stack.environmentOf('d1'), 'd1')
  const temporal = await openTemporal(config.temporal, 10_000)
  try {
    await uploadVendorFiles(endpoint, accountOf('raw'), keys)
    await setFaults(servers.awsEndpoint, script.faults)
    const catalogs = await loadCatalogs(endpoint, Object.keys(deployed.databaseUrls))
    const repeats = createRepeats(script, (publication) =>
      repeatEvent(endpoint, accountOf('raw'), publication, REPEATS),
    )
    const acting = performActs(script, { temporal, catalogs, settings: config.cycle, signal })
    acting.catch(() => undefined)
    const rows = await follow({
      list: () => listCycles(db, { keys, limit: 1_000 }),
      wanted: new Set(keys.flatMap((key) => DEMO_PRODUCTS.map((product) => toCycleId(product, key as CycleKey)))),
      onChange: (_rows, changed) => {
        for (const row of changed) order.say(toChangeLine(row, new Date()))
        repeats.take(changed)
      },
      onTrouble: (error) => order.say(`The mirror does not answer, asking again: ${error.message}`),
      everyMs: 250,
      withinMs: WITHIN_MS,
      signal,
    })
    await Promise.all([acting, repeats.done()])
    const reports = await readReports(rows, (cycle) => readCycle(db, cycle))
    return {
      script,
      keys,
      reports,
      problems: await findProblems(keys, rows, () => checkFigures(endpoint, accountOf('d1'), keys)),
    }
  } finally {
    await Promise.all([temporal.connection.close(), db.end()])
  }
}

/** The mixed date's raw events, sent again once they are out. */
function createRepeats(script: DemoScript, send: (publication: HandPublication) => Promise<void>) {
  const sending = new Map<string, Promise<void>>()
  return {
    take(rows: CycleRow[]): void {
      for (const row of rows) {
        const { publishedAt } = row
        const isWanted = row.key === script.repeatedKey && row.domain === 'raw' && publishedAt
        if (!isWanted || sending.has(row.cycle)) continue
        sending.set(row.cycle, send({ ...row, key: row.key as CycleKey, occurredAt: publishedAt }))
      }
    },
    done: () => Promise.all(sending.values()),
  }
}

async function readReports(
  rows: CycleRow[],
  read: (cycle: CycleId) => Promise<CycleReport | undefined>,
): Promise<CycleReport[]> {
  const reports = await Promise.all(rows.map(({ cycle }) => read(cycle)))
  return reports.filter((report) => report !== undefined)
}

async function findProblems(
  keys: string[],
  rows: CycleRow[],
  figures: () => Promise<Map<string, string[]>>,
): Promise<string[]> {
  const states = new Map(rows.map((row) => [row.cycle as string, row]))
  const unfinished = keys.flatMap((key) =>
    DEMO_PRODUCTS.flatMap((product) => {
      const row = states.get(`${product}/${key}`)
      if (row?.state === 'COMPLETED') return []
      return [
        `${product}/${key} is ${row ? `${row.state} ${row.reason ?? row.waitingFor.join(', ')}`.trim() : 'not there'}`,
      ]
    }),
  )
  const wrong = [...(await figures())].flatMap(([key, problems]) =>
    problems.slice(0, 3).map((problem) => `d1/ds4/${key} has a wrong figure: ${problem}`),
  )
  return [...unfinished, ...wrong]
}
