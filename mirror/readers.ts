// Who uses a cycle's data, or waits for it, as the mirror has it. In: a cycle. Out: its consumers' cycles, with what their
// definitions say of it. Never: a consumer in both lists or in none; to a domain's login the names of what others keep private.
import type { Postgres } from '../clients/postgres.ts'
import type { CycleParts } from '../model/ids.ts'
import type { HiddenReaders, Reader, Readers } from '../model/cycle/readers.ts'
import { isInputOf, isUnbegun } from './conditions.ts'

/** More are only counted by whoever prints them. */
const MOST = 1_000

/**
 * What consumers, of those that this login sees, have of their upstreams. Their inputs are rows of their own domain alone: of other
 * domains a view has those that are about a product of this one.
 */
export const READERS = `(
  select dependency.cycle, dependency.upstream_product, dependency.upstream_key, dependency.state, dependency.revision
  from data_product_dependencies_events_status as dependency join data_product_status as status using (cycle)
  where ${isInputOf('status')}
  union all select cycle, upstream_product, upstream_key, state, revision from mesh_reader)`

/** By the version of the definition that the consumer's cycle carries; the strongest word where several rules name the upstream. */
const listReaders = (db: Postgres, { product, key }: CycleParts): Promise<Reader[]> =>
  db.rows<Reader>(
    `select status.cycle, status.product, status.state, ${isUnbegun('status')} as "isUnbegun", dependency.state as dependency, dependency.revision,
       coalesce(said.on_revision, 'flag') as "onRevision", said.if_none as "ifNone"
     from ${READERS} as dependency
     join data_product_status as status using (cycle)
     left join lateral (
       select (array_agg(coalesce(on_revision, 'flag') order by array_position(array['rerun', 'flag', 'ignore'], coalesce(on_revision, 'flag'))))[1]
           as on_revision, min(if_none) as if_none
       from data_product_dependencies as edge
       where edge.product = status.product and edge.version = status.definition_version and edge.upstream = $1) as said on true
     where dependency.upstream_product = $1 and dependency.upstream_key = $2
     order by status.cycle collate "C" limit ${MOST}`,
    [product, key],
  )

/** Cycles of other domains that this login may not see; the owner of the tables sees all by name. */
const listHiddenReaders = (db: Postgres, { product, key }: CycleParts): Promise<HiddenReaders[]> =>
  db.rows<HiddenReaders>(
    'select domain, cycles from hidden_reader where upstream_product = $1 and upstream_key = $2 order by domain',
    [product, key],
  )

/** All that is known of who uses a cycle. */
export async function readReaders(db: Postgres, parts: CycleParts): Promise<Readers> {
  return { shown: await listReaders(db, parts), hidden: await listHiddenReaders(db, parts) }
}
