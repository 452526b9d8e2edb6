// The tables of calendars and externals (migrations/0004_calendars_and_rules.sql): one function per statement.
// Never: changes a version that is written, but for the instant at which it was superseded.
import { type Queries, toJsonParameter } from '../clients/postgres.ts'
import type { CalendarFile } from '../model/calendar/rules/calendar-file.ts'
import { domainOf, type ProductId } from '../model/ids.ts'
import type { CalendarVersion, ExternalVersion } from './mesh.ts'
import type { Stamp } from './rows.ts'

/** `definition` holds the document too, as `file`: those who open cycles have no use for it. */
export async function selectCalendars(db: Queries): Promise<CalendarVersion[]> {
  const rows = await db.rows<CalendarVersion & { file: CalendarFile | null }>(
    `select version, source as "from", definition - 'file' as definition, definition -> 'file' as file
     from data_calendar where superseded_at is null order by calendar collate "C"`,
  )
  return rows.map(({ file, ...version }) => (file ? { ...version, file } : version))
}

/** The newest version of each, also of those that were removed: an open cycle may still go by one. */
export const selectLastCalendars = (db: Queries): Promise<CalendarVersion[]> =>
  db.rows(
    `select distinct on (calendar collate "C") version, source as "from", definition - 'file' as definition
     from data_calendar order by calendar collate "C", version desc`,
  )

export const supersedeCalendars = (db: Queries, calendars: string[], stamp: Stamp): Promise<boolean> =>
  db.changed('update data_calendar set superseded_at = $2 where calendar = any ($1) and superseded_at is null', [
    calendars,
    stamp.appliedAt,
  ])

export const insertCalendars = (db: Queries, calendars: CalendarVersion[], stamp: Stamp): Promise<boolean> =>
  db.changed(
    `insert into data_calendar (calendar, version, source, definition, applied_at, catalog_version)
     select calendar, version, source, definition, $2, $3 from jsonb_to_recordset($1)
       as given (calendar text, version integer, source text, definition jsonb)`,
    [
      toJsonParameter(
        calendars.map(({ version, from, definition, file }) => ({
          ...{ calendar: definition.calendar, version, source: from },
          definition: file ? { ...definition, file } : definition,
        })),
      ),
      stamp.appliedAt,
      stamp.catalogVersion,
    ],
  )

export const selectExternals = (db: Queries): Promise<ExternalVersion[]> =>
  db.rows('select version, definition from data_external where superseded_at is null order by external collate "C"')

export const supersedeExternals = (db: Queries, externals: ProductId[], stamp: Stamp): Promise<boolean> =>
  db.changed('update data_external set superseded_at = $2 where external = any ($1) and superseded_at is null', [
    externals,
    stamp.appliedAt,
  ])

export const insertExternals = (db: Queries, externals: ExternalVersion[], stamp: Stamp): Promise<boolean> =>
  db.changed(
    `insert into data_external (external, version, domain, description, definition, applied_at, catalog_version)
     select external, version, domain, description, definition, $2, $3 from jsonb_to_recordset($1)
       as given (external text, version integer, domain text, description text, definition jsonb)`,
    [
      toJsonParameter(
        externals.map(({ version, definition }) => ({
          ...{ external: definition.product, version, domain: domainOf(definition.product) },
          ...{ description: definition.description, definition },
        })),
      ),
      stamp.appliedAt,
      stamp.catalogVersion,
    ],
  )

/** By name of product, external or calendar, the highest version ever given. */
export const selectLastVersions = (db: Queries): Promise<{ name: string; version: number }[]> =>
  db.rows(
    `select name, max(version) as version from (
       select product as name, version from data_product
       union all select external, version from data_external
       union all select calendar, version from data_calendar
     ) as given group by name order by name collate "C"`,
  )
