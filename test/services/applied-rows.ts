// A version of a definition that was applied, as far as the mirror's questions read its rows.
import type { Postgres } from '../../clients/postgres.ts'
import type { OnRevision } from '../../model/definition.ts'
import { domainOf, type ProductId } from '../../model/ids.ts'

export async function insertApplied(
  db: Postgres,
  { product, definitionVersion }: { product: ProductId; definitionVersion: number },
  edges: { upstream: string; onRevision: OnRevision | null }[],
): Promise<void> {
  const applied = await db.one<{ version: number }>(
    `insert into catalog_version (actor, before, after) values ('ann', '{}', '{}') returning catalog_version as version`,
  )
  await db.changed(
    `insert into data_product (product, version, domain, description, owner_team, owner_email, visibility, definition,
       definition_hash, applied_at, first_applied_at, catalog_version)
     values ($1, $2, $3, '', 't', 'e', 'mesh', '{}', 'h', now(), now(), $4)`,
    [product, definitionVersion, domainOf(product), applied?.version],
  )
  for (const [position, { upstream, onRevision }] of edges.entries())
    await db.changed(
      `insert into data_product_dependencies (product, version, upstream, position, on_revision)
       values ($1, $2, $3, $4, $5)`,
      [product, definitionVersion, upstream, position + 1, onRevision],
    )
}
