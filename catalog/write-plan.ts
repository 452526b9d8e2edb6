// In: a plan with changes. Out: its rows, inside the caller's transaction: the audit row first, as all others name it.
import type { Queries } from '../clients/postgres.ts'
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
  const domains = plan.domains.filter((change) => isWritten(change))
  await supersedeDomains(
    db,
    domains.map(({ definition }) => definition.domain),
    stamp,
  )
  await insertDomains(db, domains, stamp)
  const products = versionsOf(plan)
  const ended = plan.products.filter((change) => change.kind === 'removed' || isWritten(change))
  await supersedeProducts(
    db,
    ended.map(({ definition }) => definition.product),
    stamp,
  )
  await insertProducts(db, products, stamp)
  await insertDependencies(db, products)
  await insertSchedules(db, products)
  await insertPipelines(db, products)
  await insertParameters(db, products)
  return stamp
}

/** The product versions that the plan adds. */
export const versionsOf = (plan: Plan): NewVersion[] =>
  plan.products.flatMap((change) => (change.kind === 'created' || change.kind === 'changed' ? [change] : []))

const isWritten = ({ kind }: { kind: string }): boolean => kind === 'created' || kind === 'changed'

function beforeAndAfter(plan: Plan): { before: unknown; after: unknown } {
  const before = (changes: Plan['domains'] | Plan['products']) =>
    changes.flatMap((change) =>
      change.kind === 'changed' ? [change.before] : change.kind === 'removed' ? [change.definition] : [],
    )
  const after = (changes: Plan['domains'] | Plan['products']) =>
    changes.filter(isWritten).map(({ definition }) => definition)
  return {
    before: { domains: before(plan.domains), products: before(plan.products) },
    after: { domains: after(plan.domains), products: after(plan.products) },
  }
}
