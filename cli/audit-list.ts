// In: what to list. Out: who did what, when and why, newest first, with before and after. Never: fewer rows than there are without
// a word.
import type { Postgres } from '../clients/postgres.ts'
import type { AuditedAction } from '../mirror/actions.ts'
import { type AuditFilter, listActors, listApplied, listAudited } from '../mirror/audit.ts'
import { listProducts } from '../mirror/products.ts'
import { readCycleRow } from '../mirror/status.ts'
import { type CycleParts, toCycleId } from '../model/ids.ts'
import { didYouMean } from '../model/nearest.ts'
import { type AuditAction, type AuditEntry, toAuditCells } from './audit-words.ts'
import { chooseProducts, requireDomain } from './choose-products.ts'
import { withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson, talk, toTable } from './output.ts'
import { CENTRAL } from './stack-environment.ts'

export interface AuditOptions {
  cycle?: CycleParts
  product?: string
  domain?: string
  actor?: string
  /** Absent: all. */
  action?: AuditAction[]
  refused: boolean
  /** ISO instants; the second excluded. */
  since?: string
  until?: string
  limit: number
  stack?: string
  output: Output
}

export async function audit(options: AuditOptions): Promise<number> {
  const { since, until, limit, output } = options
  if (since !== undefined && until !== undefined && since >= until)
    throw new CommandFailure(EXIT.failed, `--since ${since} is not before --until ${until}.`)
  return withConnection(options, CENTRAL, async (connection) => {
    const entries = await readAudit(connection.db(), options)
    const listed = entries.slice(0, limit)
    if (output === 'json') printJson(listed)
    else if (listed.length > 0)
      print(toTable(['at', 'who', 'what', 'on what', 'outcome', 'why', 'before -> after'], listed.map(toAuditCells)))
    else talk(await whyNone(connection.db(), options))
    const last = listed.at(-1)
    if (entries.length > limit && last)
      talk(`There is more: --limit ${limit * 4}, or what came before these: --until ${last.at}`)
    return 0
  })
}

/** One more than the limit, where there are more. */
export async function readAudit(db: Postgres, options: AuditOptions): Promise<AuditEntry[]> {
  const { cycle, action, refused, since, until, actor, limit, output } = options
  const known = await listProducts(db)
  const domain = requireDomain(known, options.domain)
  const products = chooseProducts(known, { ...pick('domain', options.domain), ...pick('product', options.product) })
  const filter: AuditFilter = {
    ...{ ...pick('since', since), ...pick('until', until), ...pick('domain', domain), ...pick('actor', actor) },
    ...(products && { products: products.map(({ product }) => product) }),
    limit: limit + 1,
  }
  const actions = action?.filter((one): one is AuditedAction => one !== 'apply')
  const isOfApplies = !cycle && !refused && (!action || action.includes('apply'))
  const [asked, applied] = await Promise.all([
    listAudited(db, {
      ...{ ...filter, ...pick('actions', actions), refused },
      ...(cycle && { cycle: toCycleId(cycle.product, cycle.key) }),
    }),
    isOfApplies ? listApplied(db, { ...filter, withDefinitions: output === 'json' }) : [],
  ])
  const entries: AuditEntry[] = [
    ...asked.map((row) => ({ kind: 'action' as const, ...row })),
    ...applied.map((row) => ({ kind: 'apply' as const, ...row })),
  ]
  return entries.toSorted((one, other) => Date.parse(other.at) - Date.parse(one.at)).slice(0, limit + 1)
}

/** Absent rather than undefined. */
const pick = <Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } =>
  value === undefined ? {} : ({ [name]: value } as { [Key in Name]?: Value })

async function whyNone(db: Postgres, options: AuditOptions): Promise<string> {
  const { actor, cycle, since, until } = options
  const actors = actor === undefined ? [] : await listActors(db)
  if (actor !== undefined && !actors.some((known) => known.toLowerCase() === actor.toLowerCase()))
    return `Nobody named "${actor}" did anything that is known here${didYouMean(actor, actors) || '.'}`
  const isNarrowed =
    [options.product, options.domain, actor, options.action, since, until].some((one) => one !== undefined) ||
    options.refused
  if (cycle && !isNarrowed) {
    return whyNoneOf(db, cycle)
  }
  return isNarrowed
    ? 'Nothing is like that. Without filters everything is listed: sluice audit'
    : 'Nothing was done yet: no apply, and no action on any cycle.'
}

/** It may be mistyped. Of an external, which has no cycles, something may be asked, too. */
async function whyNoneOf(db: Postgres, { product, key }: CycleParts): Promise<string> {
  const id = toCycleId(product, key)
  const nobody = `Nobody has asked anything of ${id}`
  const known = (await listProducts(db)).map((one) => one.product)
  if (!known.includes(product)) return `${nobody}${didYouMean(product, known) || '.'}`
  return (await readCycleRow(db, id))
    ? `${nobody}. What happened to it by itself: sluice explain ${id}`
    : `${nobody}, and no such cycle is known here. Why not: sluice explain ${id}`
}
