// In: a database. Out: everything in its schema `public` as stable text: the same for every server that has it.
// Never: owners, object ids, data. It is read by people and compared by a test; nothing is ever restored from it.
import type { Postgres } from '../clients/postgres.ts'

export async function schemaDump(db: Postgres): Promise<string> {
  const lines = await db.rows<{ line: string }>(SCHEMA)
  return `${HEAD}\n${lines.map(({ line }) => line).join('\n')}\n`
}

const HEAD = `-- What the migrations make, written by mirror/schema-dump.ts and compared by test/services/migrations.test.ts.
-- To read, not to run: change the schema by a new numbered file, then run that test with -u.`

/** One line per thing; `part` puts a table's things in reading order. */
const SCHEMA = `
with relation as (
  select oid as id, relname::text as name, relacl, relrowsecurity from pg_class
  where relnamespace = 'public'::regnamespace and relkind = 'r'
),
line(name, part, place, line) as (
  select name, 0, '', E'\\ntable ' || name || coalesce(' -- ' || obj_description(id, 'pg_class'), '') from relation
  union all
  select name, 1, lpad(attnum::text, 4, '0'), '  ' || attname || ' ' || format_type(atttypid, atttypmod)
      || case when attnotnull then ' not null' else '' end
      || coalesce(' default ' || pg_get_expr(adbin, adrelid), '')
      || coalesce(' -- ' || col_description(id, attnum), '')
    from relation join pg_attribute on attrelid = id and attnum > 0 and not attisdropped
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
  union all
  select name, 2, conname, '  constraint ' || conname || ' ' || pg_get_constraintdef(pg_constraint.oid)
    from relation join pg_constraint on conrelid = id where contype <> 'n'
  union all
  select name, 3, i.relname, '  ' || pg_get_indexdef(indexrelid)
    from relation join pg_index on indrelid = id join pg_class i on i.oid = indexrelid
    where not exists (select from pg_constraint where conindid = indexrelid and conrelid = indrelid)
  union all
  select name, 4, tgname, '  ' || pg_get_triggerdef(pg_trigger.oid)
    from relation join pg_trigger on tgrelid = id where not tgisinternal
  union all
  select name, 5, '', '  row level security' from relation where relrowsecurity
  union all
  select name, 6, policyname, '  policy ' || policyname || ' for ' || lower(cmd) || ' to ' || array_to_string(roles, ', ')
      || coalesce(' using ' || qual, '') || coalesce(' with check ' || with_check, '')
    from relation join pg_policies on tablename = name and schemaname = 'public'
  union all
  select name, 7, role, '  grant ' || string_agg(lower(privilege_type), ', ' order by privilege_type) || ' to ' || role
    from (select name, coalesce(rolname::text, 'public') as role, privilege_type
      from relation cross join aclexplode(relacl) as acl left join pg_roles on pg_roles.oid = grantee
      where grantee <> grantor) as granted
    group by name, role
  union all
  select name, 7, role, '  grant ' || privilege || ' (' || string_agg(attname, ', ' order by attnum) || ') to ' || role
    from (select name, attname, attnum, lower(privilege_type) as privilege, coalesce(rolname::text, 'public') as role
      from relation join pg_attribute on attrelid = id cross join aclexplode(attacl) left join pg_roles on pg_roles.oid = grantee)
      as granted
    group by name, role, privilege
  union all
  select '~' || relname, 8, '', E'\\nview ' || relname || coalesce(' with (' || array_to_string(reloptions, ', ') || ')', '')
      || coalesce(' -- ' || obj_description(oid, 'pg_class'), '') || E'\\n' || pg_get_viewdef(oid)
      || coalesce(E'\\n  grant ' || (select string_agg(lower(privilege_type) || ' to ' || coalesce(rolname::text, 'public'), ', ' order by rolname, privilege_type)
        from aclexplode(relacl) as acl left join pg_roles on pg_roles.oid = grantee where grantee <> grantor), '')
    from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v'
  union all
  select '~' || proname, 8, '', E'\\n' || rtrim(pg_get_functiondef(pg_proc.oid), E'\\n')
      || coalesce(E'\\n-- ' || obj_description(pg_proc.oid, 'pg_proc'), '')
    from pg_proc where pronamespace = 'public'::regnamespace
)
select line from line order by name collate "C", part, place collate "C", line collate "C"`
