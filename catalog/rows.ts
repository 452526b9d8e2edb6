// The tables of domains and products (migrations/0001_catalog.sql): one function per statement.
// Never: changes a version that is written, but for the instant at which it was superseded.
import { type Queries, toJsonParameter } from '../clients/postgres.ts'
import { toWallTimeText } from '../model/calendar/wall-time.ts'
import type { DefinitionVersion, DomainDefinition, ProductDefinition } from '../model/definition.ts'
import { type Domain, domainOf, type ProductId } from '../model/ids.ts'
import type { DomainVersion } from './mesh.ts'
import { matchWords, placeUpstreams } from './rule-words.ts'
import { definitionHash } from './stable-json.ts'

/** An apply that changes something. */
export interface CatalogVersion {
  actor: string
  reason: string | null
  gitSha: string | null
  before: unknown
  after: unknown
}

export interface Stamp {
  catalogVersion: number
  /** ISO instant. */
  appliedAt: string
}

const wallText = (wall: ProductDefinition['notBefore']): string | null => wall && toWallTimeText(wall)

export async function selectDomains(db: Queries): Promise<DomainVersion[]> {
  const rows = await db.rows<Omit<DomainDefinition, 'owner'> & { version: number; team: string; email: string }>(
    `select domain, version, account, owner_team as team, owner_email as email, calendar, timezone, location
     from data_domain where superseded_at is null order by domain collate "C"`,
  )
  return rows.map(({ version, team, email, ...rest }) => ({ version, definition: { ...rest, owner: { team, email } } }))
}

export const selectProducts = (db: Queries): Promise<DefinitionVersion[]> =>
  db.rows(
    `select version, applied_at as "appliedAt", first_applied_at as "firstAppliedAt", definition
     from data_product where superseded_at is null order by product collate "C"`,
  )

/** Newest first. */
export const selectSuperseded = (db: Queries, sinceMs: number): Promise<DefinitionVersion[]> =>
  db.rows(
    `select version, applied_at as "appliedAt", first_applied_at as "firstAppliedAt", definition
     from data_product where superseded_at >= to_timestamp($1::bigint / 1000.0)
       or superseded_at is not null and (product, version) in (
         select product, definition_version from data_product_status
         where state in ('WAITING', 'PROCESSING', 'ERROR') and run_ended_as is null)
     order by product collate "C", version desc`,
    [sinceMs],
  )

export interface VersionKey {
  product: ProductId
  version: number
}

export const selectVersionKeys = (db: Queries): Promise<VersionKey[]> =>
  db.rows('select product, version from data_product order by product collate "C", version')

export const selectVersions = (db: Queries, keys: VersionKey[]): Promise<DefinitionVersion[]> =>
  db.rows(
    `select version, applied_at as "appliedAt", first_applied_at as "firstAppliedAt", definition
     from data_product join jsonb_to_recordset($1) as wanted (product text, version integer) using (product, version)`,
    [toJsonParameter(keys)],
  )

export async function insertCatalogVersion(db: Queries, version: CatalogVersion): Promise<Stamp> {
  const stamp = await db.one<Stamp>(
    `insert into catalog_version (actor, reason, git_sha, before, after) values ($1, $2, $3, $4, $5)
     returning catalog_version as "catalogVersion", applied_at as "appliedAt"`,
    [version.actor, version.reason, version.gitSha, toJsonParameter(version.before), toJsonParameter(version.after)],
  )
  if (!stamp) throw new Error('PostgreSQL stored a row in catalog_version and returned none.')
  return stamp
}

export const supersedeDomains = (db: Queries, domains: Domain[], stamp: Stamp): Promise<boolean> =>
  db.changed('update data_domain set superseded_at = $2 where domain = any ($1) and superseded_at is null', [
    domains,
    stamp.appliedAt,
  ])

export const insertDomains = (db: Queries, domains: DomainVersion[], stamp: Stamp): Promise<boolean> =>
  db.changed(
    `insert into data_domain
       (domain, version, account, owner_team, owner_email, calendar, timezone, location, applied_at, catalog_version)
     select domain, version, account, owner_team, owner_email, calendar, timezone, location, $2, $3
     from jsonb_to_recordset($1) as given (domain text, version integer, account text, owner_team text,
       owner_email text, calendar text, timezone text, location text)`,
    [
      toJsonParameter(
        domains.map(({ version, definition: { owner, ...rest } }) => ({
          ...rest,
          version,
          owner_team: owner.team,
          owner_email: owner.email,
        })),
      ),
      stamp.appliedAt,
      stamp.catalogVersion,
    ],
  )

export const supersedeProducts = (db: Queries, products: ProductId[], stamp: Stamp): Promise<boolean> =>
  db.changed('update data_product set superseded_at = $2 where product = any ($1) and superseded_at is null', [
    products,
    stamp.appliedAt,
  ])

/** `firstAppliedAt` is null for a product that comes into being now. */
export type NewVersion = Pick<DefinitionVersion, 'version' | 'definition'> & { firstAppliedAt: string | null }

export const insertProducts = (db: Queries, versions: NewVersion[], stamp: Stamp): Promise<boolean> =>
  db.changed(
    `insert into data_product (product, version, domain, description, owner_team, owner_email, visibility,
       publish_location, definition, definition_hash, applied_at, first_applied_at, catalog_version)
     select product, version, domain, description, owner_team, owner_email, visibility,
       publish_location, definition, definition_hash, $2, coalesce(first_applied_at, $2), $3
     from jsonb_to_recordset($1) as given (product text, version integer, domain text, description text,
       owner_team text, owner_email text, visibility text, publish_location text, definition jsonb,
       definition_hash text, first_applied_at timestamptz)`,
    [
      toJsonParameter(
        versions.map(({ version, definition, firstAppliedAt }) => ({
          product: definition.product,
          version,
          domain: domainOf(definition.product),
          description: definition.description,
          owner_team: definition.owner.team,
          owner_email: definition.owner.email,
          visibility: definition.visibility,
          publish_location: definition.publish?.location ?? null,
          definition,
          definition_hash: definitionHash(definition),
          first_applied_at: firstAppliedAt,
        })),
      ),
      stamp.appliedAt,
      stamp.catalogVersion,
    ],
  )

export const insertDependencies = (db: Queries, versions: NewVersion[]): Promise<boolean> =>
  db.changed(
    `insert into data_product_dependencies
       (product, version, upstream, position, match, if_none, optional_after, part, on_revision, accept_partial)
     select product, version, upstream, position, match, if_none, optional_after, part, on_revision, accept_partial
     from jsonb_to_recordset($1) as given (product text, version integer, upstream text, position integer,
       match text, if_none text, optional_after text, part text, on_revision text, accept_partial boolean)`,
    [
      toJsonParameter(
        versions.flatMap(({ version, definition: { product, dependsOn } }) =>
          placeUpstreams(dependsOn).map(({ upstream, part }, index) => ({
            product,
            version,
            upstream: upstream.product,
            position: index + 1,
            match: matchWords(upstream.match),
            if_none: upstream.ifNone ?? null,
            optional_after: wallText(upstream.optionalAfter ?? null),
            part,
            on_revision: upstream.onRevision ?? null,
            accept_partial: upstream.acceptPartial ?? true,
          })),
        ),
      ),
    ],
  )

export const insertSchedules = (db: Queries, versions: NewVersion[]): Promise<boolean> =>
  db.changed(
    `insert into data_product_schedule
       (product, version, every, on_non_business_day, catch_up, calendar, timezone, not_before, available_by,
        cutoff_at, cutoff_then)
     select product, version, every, on_non_business_day, catch_up, calendar, timezone, not_before, available_by,
       cutoff_at, cutoff_then
     from jsonb_to_recordset($1) as given (product text, version integer, every text, on_non_business_day text,
       catch_up text, calendar text, timezone text, not_before text, available_by text, cutoff_at text, cutoff_then text)`,
    [
      toJsonParameter(
        versions.map(({ version, definition: { product, every, calendar, timezone, ...definition } }) => ({
          product,
          version,
          every,
          on_non_business_day: definition.onNonBusinessDay ?? null,
          catch_up: definition.catchUp ?? null,
          calendar,
          timezone,
          not_before: wallText(definition.notBefore),
          available_by: wallText(definition.availableBy),
          cutoff_at: wallText(definition.cutoff?.at ?? null),
          cutoff_then: definition.cutoff?.then ?? null,
        })),
      ),
    ],
  )

export const insertPipelines = (db: Queries, versions: NewVersion[]): Promise<boolean> =>
  db.changed(
    `insert into data_pipeline_config (product, version, glue_job, timeout_minutes, attempts, retry_after_ms, retry)
     select product, version, glue_job, timeout_minutes, attempts, retry_after_ms, retry from jsonb_to_recordset($1)
       as given (product text, version integer, glue_job text, timeout_minutes integer, attempts integer,
         retry_after_ms bigint, retry jsonb)`,
    [
      toJsonParameter(
        versions.map(({ version, definition: { product, run } }) => ({
          product,
          version,
          glue_job: run.glue,
          timeout_minutes: run.timeoutMinutes,
          attempts: run.attempts,
          retry_after_ms: run.retryAfterMs,
          retry: run.retry ?? null,
        })),
      ),
    ],
  )

export const insertParameters = (db: Queries, versions: NewVersion[]): Promise<boolean> =>
  db.changed(
    `insert into data_pipeline_parameters (product, version, name, value)
     select product, version, name, value from jsonb_to_recordset($1)
       as given (product text, version integer, name text, value text)`,
    [
      toJsonParameter(
        versions.flatMap(({ version, definition: { product, run } }) =>
          Object.entries(run.arguments).map(([name, value]) => ({ product, version, name, value })),
        ),
      ),
    ],
  )
