// Row 28: rows of the mirror are altered by hand. The tick writes them anew and says so; no pipeline reads them, so none is
// disturbed. The history takes no change from a role; what a superuser changes there is seen by verify, and put back where
// the cycle is still open.
import { expect, test } from 'vitest'
import { openPostgres } from '../../clients/postgres.ts'
import { type CycleReport, readCycle } from '../../mirror/status.ts'
import type { CycleId } from '../../model/ids.ts'
import { findViolations } from '../../verify/violations.ts'
import { collect, playCase } from './cases.ts'
import { joinOf, leftOf, rawProducts, rightOf, type Walk } from './mesh.ts'
import { MINUTE_MS, RUN_MS, useRowStage } from './row-stage.ts'
import { compareLater } from './compare-later.ts'
import { tick } from './tick.ts'
import { areClosed, putRaw, setGlueTimeline, toRawEntry, until } from './walks.ts'
import { stateOf, waitingOf } from './witness.ts'

const { stage, take } = useRowStage(3)

const STATUS = 'data_product_status'
const MOVES = 'data_product_status_history'
const INPUTS = 'data_product_dependencies_events_status'

test(
  'row 28: rows of open cycles that were altered by hand are written anew by the next tick, and the cycles go on',
  () =>
    playCase(stage(), { row: 28, name: 'rows of open cycles altered' }, async ({ note, healed, draw }) => {
      const [walk] = take(1) as [Walk]
      const waiting = await leaveJoinWaiting(walk)
      const alterations = draw.shuffled([
        `update ${STATUS} set state = 'PROCESSING'`,
        `update ${STATUS} set state = 'ERROR', step = 'publish', reason = 'by hand'`,
        `update ${STATUS} set state = 'COMPLETED', waiting_for = '{}'`,
        `update ${STATUS} set version = version - 1`,
        `update ${STATUS} set version = 99, run_number = 3`,
        `update ${STATUS} set last_attempt = 7`,
        `update ${STATUS} set waiting_for = '{}'`,
        `update ${INPUTS} set state = 'WAITING', event_id = null, revision = null, version = 99`,
        `update ${INPUTS} set event_id = 'another', revision = 2`,
        `update ${INPUTS} set state = 'ARRIVED', event_id = 'another'`,
        `delete from ${INPUTS}`,
        `delete from ${STATUS}`,
      ])
      for (const sql of alterations) {
        note(sql)
        await expectWrittenAnew(waiting, sql)
      }
      await setGlueTimeline(stage(), LONG_RUN_MS)
      await putSecond(walk)
      const running = rightOf(walk)
      await until('it runs', MINUTE_MS, async () => (await reportOf(running)).row.glueRunId !== null)
      await expectWrittenAnew(running, `update ${STATUS} set state = 'WAITING', last_attempt = 0`)
      await setGlueTimeline(stage(), RUN_MS)
      healed('all is told again')
      return { walks: [walk] }
    }),
  20 * MINUTE_MS,
)

/** Long enough for a tick beside it. */
const LONG_RUN_MS = 60_000

test(
  'row 28: rows of closed cycles that say open, or are gone, are written anew from the history; any other change verify names',
  () =>
    playCase(stage(), { row: 28, name: 'rows of closed cycles altered' }, async ({ note, healed }) => {
      const [walk] = take(1) as [Walk]
      await leaveJoinWaiting(walk)
      const closed = leftOf(walk)
      for (const sql of [
        `update ${STATUS} set state = 'PROCESSING'`,
        `update ${STATUS} set state = 'WAITING', waiting_for = '{raw/none}', version = 1`,
        `update ${STATUS} set state = 'ERROR', step = 'run', version = 99`,
        `update ${STATUS} set state = 'CANCELLED'`,
        `delete from ${STATUS}`,
      ]) {
        note(sql)
        await expectWrittenAnew(closed, sql)
      }
      // It looks like any of the thousands of others.
      await alter(closed, `update ${STATUS} set updated_at = now() + interval '1 hour', last_attempt = 7`)
      expect((await tick(stage(), 'd1')).rows?.rewritten.count).toBe(0)
      expect(await violationsOf(closed)).toEqual([
        `I7 data_product_status says lastAttempt 7 of ${closed}, its history 1`,
      ])
      await alter(closed, `update ${STATUS} set last_attempt = 1`)
      await putSecond(walk)
      healed('put back')
      return { walks: [walk] }
    }),
  20 * MINUTE_MS,
)

test(
  'row 28: no role can change the history; what a superuser deletes of it is put back while the cycle is open, else named',
  () =>
    playCase(stage(), { row: 28, name: 'history altered' }, async ({ note, healed }) => {
      const [walk] = take(1) as [Walk]
      const [waiting, closed] = [await leaveJoinWaiting(walk), leftOf(walk)]
      await expectRefused()
      const deleted = `delete from ${MOVES}`
      await alter(waiting, deleted)
      expect(await violationsOf(waiting)).toEqual(
        expect.arrayContaining([`I9 ${MOVES} of ${waiting} lacks the move ${OPENED}`]),
      )
      note(`${deleted} of the open one`)
      expect((await tick(stage(), 'd1')).rows?.rewritten).toEqual({ count: 1, names: [waiting] })
      expect(await violationsOf(waiting)).toEqual([])

      const kept = await stage().db.rows<{ row: string }>(
        `select row_to_json(move)::text as row from ${MOVES} as move where cycle = $1`,
        [closed],
      )
      await alter(closed, `${deleted}`, `to_state = 'COMPLETED'`)
      expect((await tick(stage(), 'd1')).rows?.rewritten.count).toBe(0)
      expect(await violationsOf(closed)).toEqual([
        expect.stringMatching(/^I9 .* lacks the move 1\.\d+ PROCESSING -> COMPLETED$/),
      ])
      await putBack(kept.map(({ row }) => row))
      await alter(closed, `update ${MOVES} set to_state = 'CANCELLED'`, `to_state = 'COMPLETED'`)
      expect(await violationsOf(closed)).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^I9 .* has the move 1\.\d+ PROCESSING -> CANCELLED twice or unasked$/),
        ]),
      )
      await alter(closed, `update ${MOVES} set to_state = 'COMPLETED'`, `to_state = 'CANCELLED'`)
      await putSecond(walk)
      healed('put back')
      return { walks: [walk] }
    }),
  20 * MINUTE_MS,
)

const OPENED = '1.1 null -> WAITING'

/** `left` is closed, `join` has what it brought and waits for `right`; all of that is written. */
async function leaveJoinWaiting(walk: Walk): Promise<CycleId> {
  const [first = ''] = rawProducts(walk)
  const [left, join] = [leftOf(walk), joinOf(walk)]
  await putRaw(stage(), [toRawEntry(first, walk.key)])
  await until('left is closed and join waits', 2 * MINUTE_MS, async () => {
    const isWaiting = (await stateOf(stage(), join))?.state === 'WAITING'
    return isWaiting && (await stateOf(stage(), left))?.state === 'COMPLETED' && areClosed(stage(), [left])
  })
  await untilWritten(join)
  return join as CycleId
}

async function putSecond(walk: Walk): Promise<void> {
  const [, second = ''] = rawProducts(walk)
  await putRaw(stage(), [toRawEntry(second, walk.key)])
}

const untilWritten = (cycle: string): Promise<void> =>
  until(`${cycle} is written`, MINUTE_MS, async () => !(await waitingOf(stage(), cycle, 'recordCycle')))

async function expectWrittenAnew(cycle: string, sql: string): Promise<void> {
  const wanted = await reportOf(cycle)
  await alter(cycle, sql)
  // Of a missing row only its run tells how old it is.
  const isGone = !(await stateOf(stage(), cycle))
  const found = isGone ? await compareLater(stage(), 'd1') : (await tick(stage(), 'd1')).rows
  expect(found?.rewritten, sql).toEqual({ count: 1, names: [cycle] })
  expect(await reportOf(cycle), sql).toEqual(wanted)
}

/** But when it was written. */
async function reportOf(cycle: string): Promise<CycleReport> {
  const report = await readCycle(stage().db, cycle as CycleId)
  if (!report) throw new Error(`${cycle} has no row.`)
  return { ...report, row: { ...report.row, updatedAt: '' } }
}

/** As superuser, past the triggers. What was written a moment ago would be left alone, so its row looks older. */
const alter = (cycle: string, sql: string, where = 'true'): Promise<void> =>
  stage().db.session(MINUTE_MS, async ({ script, changed }) => {
    await script('set session_replication_role = replica')
    expect(await changed(`${sql} where cycle = $1 and ${where}`, [cycle]), sql).toBe(true)
    await changed(`update ${STATUS} set updated_at = updated_at - interval '1 hour' where cycle = $1`, [cycle])
  })

async function putBack(rows: string[]): Promise<void> {
  for (const row of rows)
    await stage().db.changed(
      `insert into ${MOVES} select * from json_populate_record(null::${MOVES}, $1::json) on conflict do nothing`,
      [row],
    )
}

const violationsOf = async (cycle: string): Promise<string[]> =>
  findViolations(await collect(stage())).flatMap(({ invariant, says, ...found }) =>
    found.cycle === cycle ? [`${invariant} ${says}`] : [],
  )

/** By the grants for a domain's role, by the trigger for everybody. */
async function expectRefused(): Promise<void> {
  const domain = openPostgres(stage().environmentOf('d1')['DATABASE_URL'] ?? '')
  const changes = (table: string) => [`update ${table} set cycle = cycle`, `delete from ${table}`, `truncate ${table}`]
  try {
    for (const table of [MOVES, `${INPUTS}_history`]) {
      for (const sql of changes(table)) {
        await expect(domain.rows(sql), sql).rejects.toThrow(/permission denied for table/)
        await expect(stage().db.rows(sql), sql).rejects.toThrow(/is insert-only/)
      }
    }
  } finally {
    await domain.end()
  }
}
