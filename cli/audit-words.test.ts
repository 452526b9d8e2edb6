import { expect, test } from 'vitest'
import type { AppliedRow, AuditedRow } from '../mirror/audit.ts'
import type { Standing } from '../model/cycle/cycle.ts'
import type { Domain } from '../model/ids.ts'
import { toAuditCells, toChange } from './audit-words.ts'

const AT = '2026-11-20T22:00:00.000Z'
const row = (change: Partial<AuditedRow> = {}): AuditedRow => ({
  ...{
    at: AT,
    domain: 'd1' as Domain,
    action: 'rerun',
    subject: 'd1/a/2026-11-20',
    actor: 'ann',
    actorVerified: false,
  },
  ...{ reason: 'disk\nwas full', outcome: 'accepted', refusedBecause: null, fromVersion: null, toVersion: null },
  ...{ asked: null, before: null, after: null, requestId: 'r' },
  ...change,
})
const failed: Standing = { state: 'ERROR', step: 'run', revision: 1, attempt: 2, held: false }
const running: Standing = { ...failed, state: 'PROCESSING', step: null }

test.each<[string, Partial<AuditedRow>]>([
  ['ERROR (run) -> PROCESSING', { before: failed, after: running }],
  ['ERROR (run) -> PROCESSING, attempt 2 -> 3', { before: failed, after: { ...running, attempt: 3 } }],
  ['revision 1 -> 2', { before: running, after: { ...running, revision: 2 } }],
  ['held', { before: running, after: { ...running, held: true } }],
  ['not held any more', { before: { ...running, held: true }, after: running }],
  ['v6 -> v7', { before: running, after: running, fromVersion: 6, toVersion: 7 }],
  ['PROCESSING', { before: running, after: running }],
  ['ERROR (run)', { before: failed, after: null }],
  ['none -> PROCESSING', { before: null, after: running }],
  ['v6 -> v7', { fromVersion: 6, toVersion: 7 }],
  ['', {}],
])('what changed is said: "%s"', (words, change) => {
  expect(toChange(row(change))).toBe(words)
})

test('a line says who, unverified where no login proved it, what with what was asked, and why on one line', () => {
  expect(toAuditCells({ kind: 'action', ...row({ asked: { publish: false, products: ['raw/a', 'raw/b'] } }) })).toEqual(
    [
      ...[AT, 'ann (unverified)', 'rerun (publish: no, products: raw/a raw/b)', 'd1/a/2026-11-20', 'accepted'],
      ...['disk was full', ''],
    ],
  )
  expect(toAuditCells({ kind: 'action', ...row({ actorVerified: true }) })[1]).toBe('ann')
  const withdrawal = row({ action: 'withdraw', asked: { revision: 2 } })
  expect(toAuditCells({ kind: 'action', ...withdrawal })[2]).toBe('withdraw (revision: 2)')
})

test('a refusal says how the cycle stood, and why not', () => {
  const refused = row({ outcome: 'refused', refusedBecause: 'it has\nnot run', before: running })
  expect(toAuditCells({ kind: 'action', ...refused }).slice(4)).toEqual([
    ...['refused', 'disk was full', 'PROCESSING; it has not run'],
  ])
})

test('an apply names the versions of what it changed, of many the first', () => {
  const change = (name: string, from: number | null, to: number | null) => ({
    ...{ kind: 'product' as const, name, from, to, before: null, after: null },
  })
  const applied: AppliedRow = {
    ...{ at: AT, catalogVersion: 12, actor: 'bob', reason: null, gitSha: '0123456789abcdef' },
    changes: [change('d1/a', 1, 2), change('d1/b', null, 1), change('d1/c', 3, null), change('d1/d', 1, 2)],
  }
  expect(toAuditCells({ kind: 'apply', ...applied })).toEqual([
    ...[AT, 'bob (unverified)', 'apply', 'catalog version 12, git 0123456', 'accepted', ''],
    'd1/a v1 -> v2, d1/b none -> v1, d1/c v3 -> none and 1 more',
  ])
})
