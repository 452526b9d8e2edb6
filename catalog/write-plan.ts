// In: a plan with changes. Out: its rows, inside the caller's transaction: the audit row first, as all others name it.
import type { Queries } from '../clients/postgres.ts'
import { insertCalendars, insertExternals, supersedeCalendars, supersedeExternals } from './calendar-rows.ts'
import type { Plan } from './plan.ts'
import {
  insertCatalogVersion,
  insertDependencies,
  insertDomains,
  insertParameters,
  insertPipelines,
  insertProducts,
  insertSchedules,
  type NewVersion,
  type Stamp,
  supersedeDomains,
  supersedeProducts,
} from './rows.ts'

export interface Author {
  actor: string
  reason?: string
  gitSha?: string
}

export async function writePlan(db: Queries, plan: Plan, author: Author): Promise<Stamp> {
  const stamp = await insertCatalogVersion(db, {
    actor: author.actor,
    reason: author.reason ?? null,
    gitSha: author.gitSha ?? null,
    ...beforeAndAfter(plan),
  })
  await writeCalendars(db, plan, stamp)
  await writeDomains(db, plan, stamp)
  await writeExternals(db, plan, stamp)
  await writeProducts(db, plan, stamp)
  return stamp
}

async function writeCalendars(db: Queries, { calendars }: Plan, stamp: Stamp): Promise<void> {
  const ended = calendars.filter(isEnded).map(({ definition }) => definition.calendar)
  await supersedeCalendars(db, ended, stamp)
  await insertCalendars(db, calendars.filter(isWritten), stamp)
}

async function writeDomains(db: Queries, plan: Plan, stamp: Stamp): Promise<void> {
  const domains = plan.domains.filter(isWritten)
  const ended = domains.map(({ definition }) => definition.domain)
  await supersedeDomains(db, ended, stamp)
  await insertDomains(db, domains, stamp)
}

async function writeExternals(db: Queries, { externals }: Plan, stamp: Stamp): Promise<void> {
  const ended = externals.filter(isEnded).map(({ definition }) => definition.product)
  await supersedeExternals(db, ended, stamp)
  await insertExternals(db, externals.filter(isWritten), stamp)
}

async function writeProducts(db: Queries, plan: Plan, stamp: Stamp): Promise<void> {
  const products = versionsOf(plan)
  const ended = plan.products.filter(isEnded).map(({ definition }) => definition.product)
  await supersedeProducts(db, ended, stamp)
  await insertProducts(db, products, stamp)
  await insertDependencies(db, products)
  await insertSchedules(db, products)
  await insertPipelines(db, products)
  await insertParameters(db, products)
}

/** The product versions that the plan adds. */
export const versionsOf = (plan: Plan): NewVersion[] =>
  plan.products.flatMap((change) => (change.kind === 'created' || change.kind === 'changed' ? [change] : []))

const isWritten = ({ kind }: { kind: string }): boolean => kind === 'created' || kind === 'changed'
/** Its current version, if it has one, is current no more. */
const isEnded = (change: { kind: string }): boolean => change.kind === 'removed' || isWritten(change)

function beforeAndAfter({ domains, products, externals, calendars }: Plan): { before: unknown; after: unknown } {
  const before = (changes: (Plan['domains'] | Plan['products'] | Plan['externals'])[number][]) =>
    changes.flatMap((change) =>
      change.kind === 'changed' ? [change.before] : change.kind === 'removed' ? [change.definition] : [],
    )
  const after = (changes: { kind: string; definition: unknown }[]) =>
    changes.filter(isWritten).map(({ definition }) => definition)
  return {
    before: {
      ...{ domains: before(domains), products: before(products), externals: before(externals) },
      calendars: calendars.flatMap((change) => {
        const { definition, from } = change
        return change.kind === 'changed' ? [change.before] : change.kind === 'removed' ? [{ definition, from }] : []
      }),
    },
    after: {
      ...{ domains: after(domains), products: after(products), externals: after(externals) },
      calendars: calendars.filter(isWritten).map(({ definition, from }) => ({ definition, from })),
    },
  }
}
