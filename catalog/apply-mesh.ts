// In: the documents of a folder, a database, the catalog bucket, and who asks. Out: what was done, or why it was not.
// Order: rows, versions and audit in one transaction; then immutable product versions; then the domain objects that
// point to them. A stop between any two is healed by the next apply, which compares the bucket with the rows.
// Never: two applies at once; a domain that is not in the folder redefined.
import type { S3Client } from '@aws-sdk/client-s3'
import type { Postgres, Queries, Session } from '../clients/postgres.ts'
import { OPENING_WINDOW } from '../model/calendar/routing.ts'
import { type Bucket, listVersionObjects, putDomainCatalog, putVersion, toVersionObject, wordsOf } from './bucket.ts'
import { selectCalendars, selectExternals, selectLastCalendars, selectLastVersions } from './calendar-rows.ts'
import { type CatalogRow, selectCatalogs, toDomainCatalog, upsertCatalogs } from './catalog-rows.ts'
import { checkMesh } from './check-mesh.ts'
import { toCatalogDocuments } from './domain-catalog.ts'
import { selectHolds } from './holds.ts'
import type { CurrentMesh } from './mesh.ts'
import { hasChanges, type Plan, planApply } from './plan.ts'
import type { Problem } from './problem.ts'
import type { ParsedMesh } from './read-mesh.ts'
import {
  type NewVersion,
  type Stamp,
  selectDomains,
  selectProducts,
  selectSuperseded,
  selectVersionKeys,
  selectVersions,
} from './rows.ts'
import { isSame } from './stable-json.ts'
import { versionsOf, writePlan } from './write-plan.ts'

export interface ApplyOrder {
  db: Postgres
  s3: S3Client
  bucket: string
  mesh: ParsedMesh
  actor: string
  reason?: string
  gitSha?: string
  /** Also remove products of the folder's domains that have no file any more. */
  prune?: boolean
}

export type ApplyResult =
  | {
      kind: 'applied'
      plan: Plan
      /** Row of catalog_version; null when nothing had changed. */
      catalogVersion: number | null
      /** Keys written to the bucket; also what an earlier apply had left behind. */
      uploaded: string[]
      /** Said, and allowed. */
      notes: Problem[]
    }
  | { kind: 'refused'; problems: Problem[] }

/** Any number will do, as long as every apply takes the same. */
const LOCK = 7_203_914_556
export const LONGEST_STATEMENT_MS = 60_000

/** Applies the folder's domains; the same folder applied again changes nothing. */
export async function applyMesh(order: ApplyOrder): Promise<ApplyResult> {
  return order.db.session(LONGEST_STATEMENT_MS, async (session) => {
    await lockCatalog(session)
    const current = await readCurrentMesh(session)
    const checked = checkMesh(order.mesh, { current, prune: order.prune })
    if (checked.kind === 'invalid') return { kind: 'refused', problems: checked.problems }
    if (!checked.mesh) throw new Error('The mesh is valid, but how often some product refreshes was not found.')
    const plan = planApply(current, checked.mesh, {
      prune: order.prune,
      definedCalendars: order.mesh.calendars.map(({ file }) => file.calendar),
    })
    const stamp = await inTransaction(session, () => writeRows(session, order, plan))
    const uploaded = await upload(session, order, plan, stamp)
    return { kind: 'applied', plan, catalogVersion: stamp?.catalogVersion ?? null, uploaded, notes: checked.notes }
  })
}

/** What is applied now; for a plan, or to check files that depend on other folders. */
export async function readCurrentMesh(db: Queries): Promise<CurrentMesh> {
  return {
    domains: await selectDomains(db),
    products: await selectProducts(db),
    externals: await selectExternals(db),
    calendars: await selectCalendars(db),
    lastVersions: Object.fromEntries((await selectLastVersions(db)).map(({ name, version }) => [name, version])),
  }
}

/** Held until the connection closes: also while the bucket is written, so that an older apply never comes last. */
export async function lockCatalog(session: Session): Promise<void> {
  try {
    await session.rows('select pg_advisory_lock($1)', [LOCK])
  } catch (error) {
    if ((error as { code?: string }).code !== '57014') throw error
    throw new Error(
      'Could not apply: another apply has held the catalog for a minute. Run apply again when it is done.',
      {
        cause: error,
      },
    )
  }
}

export async function inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  // No rollback: when this throws, the connection is closed and PostgreSQL forgets.
  await session.script('begin')
  const result = await work()
  await session.script('commit')
  return result
}

/** Null when the files say what the rows say. */
async function writeRows(db: Queries, order: ApplyOrder, plan: Plan): Promise<Stamp | null> {
  const stamp = hasChanges(plan) ? await writePlan(db, plan, order) : null
  await writeCatalogs(db)
  return stamp
}

/** What the bucket is to hold, by the rows of now. */
export async function writeCatalogs(db: Queries): Promise<void> {
  const now = await db.one<{ now: string }>('select now() as now')
  const sinceMs = Date.parse(now?.now ?? '') - OPENING_WINDOW.acceptForMs
  const applied = {
    ...{ domains: await selectDomains(db), products: await selectProducts(db), externals: await selectExternals(db) },
    ...{ calendars: await selectLastCalendars(db), holds: await selectHolds(db) },
  }
  const documents = toCatalogDocuments(applied, await selectSuperseded(db, sinceMs))
  const before = new Map((await selectCatalogs(db)).map((row) => [row.domain, row]))
  const changed = documents.flatMap((document): CatalogRow[] => {
    const { domain } = document.domain
    const row = before.get(domain)
    return row && isSame(row.document, document) ? [] : [{ domain, revision: (row?.revision ?? 0) + 1, document }]
  })
  await upsertCatalogs(db, changed)
}

async function upload(db: Queries, order: ApplyOrder, plan: Plan, stamp: Stamp | null): Promise<string[]> {
  try {
    return [...(await uploadVersions(db, order, versionsOf(plan))), ...(await uploadCatalogs(db, order))]
  } catch (error) {
    const what = stamp ? `Version ${stamp.catalogVersion} of the catalog` : 'The catalog'
    throw new Error(
      `${what} is in the database, but could not be written to s3://${order.bucket}: ${wordsOf(error)}. ` +
        'Bridges and schedulers go on with what they have; run apply again when the bucket answers.',
      { cause: error },
    )
  }
}

/** Those of this apply, and those that an earlier one left behind. */
async function uploadVersions(db: Queries, to: Bucket, added: NewVersion[]): Promise<string[]> {
  const present = await listVersionObjects(to)
  const fresh = new Set(added.map(({ definition: { product }, version }) => toVersionObject({ product, version })))
  const wanted = (await selectVersionKeys(db)).filter((key) => {
    const object = toVersionObject(key)
    return fresh.has(object) || !present.has(object)
  })
  return inBatches(wanted, async (keys) => {
    const versions = await selectVersions(db, keys)
    return Promise.all(versions.map(async (version) => ((await putVersion(to, version)) ? [toKey(version)] : [])))
  })
}

export async function uploadCatalogs(db: Queries, to: Bucket): Promise<string[]> {
  return inBatches(await selectCatalogs(db), (rows) =>
    Promise.all(
      rows.map(async (row) =>
        (await putDomainCatalog(to, toDomainCatalog(row))) ? [`domains/${row.domain}.json`] : [],
      ),
    ),
  )
}

const toKey = ({ definition: { product }, version }: NewVersion): string => toVersionObject({ product, version })

const AT_ONCE = 8

async function inBatches<Item>(items: Item[], work: (batch: Item[]) => Promise<string[][]>): Promise<string[]> {
  const written: string[] = []
  for (let from = 0; from < items.length; from += AT_ONCE) {
    written.push(...(await work(items.slice(from, from + AT_ONCE))).flat())
  }
  return written
}
