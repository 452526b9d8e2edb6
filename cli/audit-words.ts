// What the audit says, in words. In: rows of the mirror. Out: cells of a list. Pure.
// Never: a change that the row does not tell: what older versions wrote has neither before nor after.
import type { AuditedAction } from '../mirror/actions.ts'
import type { AppliedRow, AuditedRow, CatalogChange } from '../mirror/audit.ts'
import { toOneLine } from '../model/cycle/asker.ts'
import type { Standing } from '../model/cycle/cycle.ts'

/** What may be asked for: `apply`, and what people do to cycles and products. */
export const AUDIT_ACTIONS = [
  ...(['apply', 'rerun', 'upgrade', 'skip', 'waive', 'hold', 'release', 'cancel'] as const),
  ...(['withdraw', 'backfill', 'open', 'send'] as const),
] satisfies (AuditedAction | 'apply')[]
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

export type AuditEntry = ({ kind: 'action' } & AuditedRow) | ({ kind: 'apply' } & AppliedRow)

const NOT_PROVED = ' (unverified)'

/** at, actor, what, on what, outcome, reason, before -> after. */
export function toAuditCells(entry: AuditEntry): string[] {
  if (entry.kind === 'apply') {
    const { at, actor, catalogVersion, gitSha, changes, reason } = entry
    const whence = gitSha ? `, git ${gitSha.slice(0, 7)}` : ''
    return [
      ...[at, actor + NOT_PROVED, 'apply', `catalog version ${catalogVersion}${whence}`, 'accepted'],
      ...[toOneLine(reason ?? ''), toChangesCell(changes)],
    ]
  }
  const { at, actor, actorVerified, action, asked, subject, reason } = entry
  return [
    ...[at, actor + (actorVerified ? '' : NOT_PROVED), action + toAsked(asked), subject, entry.outcome],
    ...[toOneLine(reason), [toChange(entry), toRefusal(entry)].filter((part) => part !== '').join('; ')],
  ]
}

const toRefusal = ({ refusedBecause }: AuditedRow): string => (refusedBecause === null ? '' : toOneLine(refusedBecause))

/** ` (publish: no, products: raw/rd1)`; of a withdrawal ` (revision: 2)`. */
export function toAsked(asked: AuditedRow['asked']): string {
  const parts = Object.entries(asked ?? {}).map(([name, value]) => `${name}: ${toValue(value)}`)
  return parts.length > 0 ? ` (${parts.join(', ')})` : ''
}

function toValue(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.map(toValue).join(' ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** `ERROR (run) -> PROCESSING, attempt 1 -> 2, v6 -> v7`; of what changed nothing how it stood. */
export function toChange({ before, after, fromVersion, toVersion }: AuditedRow): string {
  const versions = fromVersion !== null && toVersion !== null ? [`v${fromVersion} -> v${toVersion}`] : []
  if (!before || !after)
    return [...(before ? [toState(before)] : []), ...(after ? [`none -> ${toState(after)}`] : []), ...versions].join(
      ', ',
    )
  const [was, is] = [toState(before), toState(after)]
  const changed = [
    ...(was === is ? [] : [`${was} -> ${is}`]),
    ...toMove('revision', before.revision, after.revision),
    ...toMove('attempt', before.attempt, after.attempt),
    ...(before.held === after.held ? [] : [after.held ? 'held' : 'not held any more']),
    ...versions,
  ]
  return changed.length > 0 ? changed.join(', ') : was
}

const toState = ({ state, step }: Standing): string => (step ? `${state} (${step})` : state)

const toMove = (what: string, from: number, to: number): string[] => (from === to ? [] : [`${what} ${from} -> ${to}`])

const MOST_CHANGES = 3

function toChangesCell(changes: CatalogChange[]): string {
  const first = changes
    .slice(0, MOST_CHANGES)
    .map(({ name, from, to }) => `${name} ${toVersion(from)} -> ${toVersion(to)}`)
  const more = changes.length - first.length
  return first.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

const toVersion = (version: number | null): string => (version === null ? 'none' : `v${version}`)
