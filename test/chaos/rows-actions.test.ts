// Row 37 for every other action: the same asked twice at the same moment, of open and of closed cycles and of a product; the worker
// killed in the middle; Temporal's answer cut. One effect comes of it, the others are refused and told who was first, and the
// audit has each of them. What is asked has no consumer, so that nothing follows from it.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { run } from '../end-to-end/cli-process.ts'
import { startedRuns } from '../end-to-end/sandbox-ledger.ts'
import { playCase } from './cases.ts'
import { endOf, type Walk } from './mesh.ts'
import { untilState } from './refreshes.ts'
import { MINUTE_MS, pass, useRowStage } from './row-stage.ts'
import { areClosed, failNextRun, readLedger, setLongRun, until } from './walks.ts'
import { stateOf } from './witness.ts'

/** Walks of one run of all cases here. */
const { stage, take } = useRowStage(28)

const NOT_ALLOWED = 4
const FAILED = 1
/** Longer than all operators of a case take to ask. */
const LONG_MS = 90_000
/** Such a run and, where its worker was killed, the minute until another takes it over. */
const END_WITHIN_MS = 4 * MINUTE_MS

interface Asked {
  action: string
  args: string[]
  /** Brings the cycle to where it makes sense; the answer is its id. */
  prepare(walk: Walk): Promise<string>
  /** What came of it, in the mirror. */
  untilDone(cycle: string): Promise<void>
  /** Attempts that Glue then has run. */
  attempts: number
}

const open = async ({ lane, key }: Walk): Promise<string> => {
  await stage().open(`d2/end-${lane}`, key)
  const cycle = endOf({ lane, key })
  await untilState(stage(), cycle, 'WAITING')
  return cycle
}

/** As the command line would, past it. */
const update = (cycle: string, action: string, more: object = {}): Promise<unknown> =>
  stage()
    .temporal.workflow.getHandle(cycle)
    .executeUpdate(action, {
      args: [{ actor: 'the stage', reason: 'to begin with', requestId: randomUUID(), ...more }],
    })

const begin = (cycle: string): Promise<unknown> => update(cycle, 'waive', { products: null })

const untilHeld = (cycle: string, isHeld: boolean): Promise<void> =>
  until(`${cycle} is ${isHeld ? '' : 'not '}held`, MINUTE_MS, async () => {
    const row = await stage().db.one<{ held: boolean }>(
      `select held is not null as held from data_product_status where cycle = $1`,
      [cycle],
    )
    return row?.held === isHeld
  })

const untilClosedIn = async (cycle: string, state: string): Promise<void> => {
  await until(`${cycle} is in ${state}`, END_WITHIN_MS, async () => (await stateOf(stage(), cycle))?.state === state)
  await until(`${cycle} is closed`, 2 * MINUTE_MS, () => areClosed(stage(), [cycle]))
}

const OPEN: Asked[] = [
  { action: 'skip', args: [], prepare: open, untilDone: (cycle) => untilClosedIn(cycle, 'SKIPPED'), attempts: 0 },
  {
    ...{ action: 'waive', args: ['--all'], prepare: open, attempts: 1 },
    untilDone: (cycle) => untilClosedIn(cycle, 'COMPLETED'),
  },
  { action: 'hold', args: [], prepare: open, untilDone: (cycle) => untilHeld(cycle, true), attempts: 0 },
  {
    ...{ action: 'release', args: [], attempts: 0 },
    async prepare(walk) {
      const cycle = await open(walk)
      await update(cycle, 'hold', { of: 'cycle' })
      return cycle
    },
    untilDone: (cycle) => untilHeld(cycle, false),
  },
  {
    ...{ action: 'cancel', args: [], attempts: 1 },
    async prepare(walk) {
      const cycle = endOf(walk)
      await setLongRun(stage(), cycle, LONG_MS)
      await begin(await open(walk))
      await until(`${cycle} runs`, MINUTE_MS, async () =>
        startedRuns(await readLedger(stage())).some((one) => one.cycle === cycle),
      )
      return cycle
    },
    untilDone: (cycle) => untilClosedIn(cycle, 'CANCELLED'),
  },
]

const RERUN: Asked = {
  ...{ action: 'rerun', args: [], attempts: 3 },
  async prepare(walk) {
    const cycle = endOf(walk)
    await failNextRun(stage(), cycle, 2)
    await begin(await open(walk))
    await untilState(stage(), cycle, 'ERROR')
    await setLongRun(stage(), cycle, LONG_MS)
    return cycle
  },
  untilDone: (cycle) => untilClosedIn(cycle, 'COMPLETED'),
}

const SKIP_CLOSED: Asked = {
  ...{ action: 'skip', args: [], attempts: 0 },
  async prepare(walk) {
    const cycle = await open(walk)
    await update(cycle, 'cancel')
    await untilClosedIn(cycle, 'CANCELLED')
    return cycle
  },
  untilDone: (cycle) => untilClosedIn(cycle, 'SKIPPED'),
}

const RERUN_CLOSED: Asked = {
  ...{ action: 'rerun', args: ['--no-publish'], attempts: 2 },
  async prepare(walk) {
    const cycle = await open(walk)
    await begin(cycle)
    await untilClosedIn(cycle, 'COMPLETED')
    await setLongRun(stage(), cycle, LONG_MS)
    return cycle
  },
  untilDone: (cycle) =>
    until(`${cycle} has completed again`, END_WITHIN_MS, async () => {
      const row = await stateOf(stage(), cycle)
      const isAgain = (await numberOfRun(cycle)) === 2
      return row?.state === 'COMPLETED' && isAgain && (await areClosed(stage(), [cycle]))
    }),
}

const numberOfRun = async (cycle: string): Promise<number | undefined> =>
  (await stage().db.one<{ run: number }>('select run_number as run from data_product_status where cycle = $1', [cycle]))
    ?.run

test.each([...OPEN, RERUN])(
  'row 37: operators who $action an open cycle at once: one is taken, the others are told who was first',
  (asked) =>
    playCase(stage(), { row: 37, name: `${asked.action} by several, open` }, async ({ draw, healed }) => {
      const cycle = await asked.prepare(take(1)[0] as Walk)
      const answers = await askTogether(cycle, asked, draw.between(2, 4))
      healed('asked')
      await expectOneTaken(cycle, asked, answers)
      return { walks: [] }
    }),
  15 * MINUTE_MS,
)

test.each([SKIP_CLOSED, RERUN_CLOSED])(
  'row 37: operators who $action a closed cycle at once: one brings it back, the others are told who was first',
  (asked) =>
    playCase(stage(), { row: 37, name: `${asked.action} by several, closed` }, async ({ draw, healed }) => {
      const cycle = await asked.prepare(take(1)[0] as Walk)
      const answers = await askTogether(cycle, asked, draw.between(2, 4))
      healed('asked')
      await expectOneTaken(cycle, asked, answers)
      expect(await numberOfRun(cycle), 'runs').toBe(2)
      return { walks: [] }
    }),
  15 * MINUTE_MS,
)

test(
  'row 37: an operator whose look at a closed cycle is old by the time he starts it looks again, and is told who was first',
  () =>
    playCase(stage(), { row: 37, name: 'skip by a slow one, closed' }, async ({ note, healed }) => {
      const cycle = await SKIP_CLOSED.prepare(take(1)[0] as Walk)
      const proxy = await stage().proxyTo('aws')
      proxy.spoil({ blackhole: true })
      const slow = ask(cycle, SKIP_CLOSED, { actor: 'slow', AWS_ENDPOINT_URL: `http://${proxy.host}:${proxy.port}` })
      // It has read how the last run ended, and reads the catalog now.
      await until('the slow one has looked', MINUTE_MS, async () => proxy.connections() > 0)
      note('the slow one has looked')
      const quick = await ask(cycle, SKIP_CLOSED, { actor: 'quick' })
      await SKIP_CLOSED.untilDone(cycle)
      proxy.heal()
      healed('the slow one goes on')
      await expectOneTaken(cycle, SKIP_CLOSED, [quick, await slow])
      expect(quick.code).toBe(0)
      expect(await numberOfRun(cycle), 'runs').toBe(2)
      return { walks: [] }
    }),
  15 * MINUTE_MS,
)

test.each(OPEN)(
  'row 37: one request to $action that two connections send at once is one action with one answer',
  (asked) =>
    playCase(stage(), { row: 37, name: `the same ${asked.action} twice at once` }, async ({ healed }) => {
      const cycle = await asked.prepare(take(1)[0] as Walk)
      const { of, products } = { of: 'cycle', products: null }
      const command = { actor: 'one of two', reason: 'pressed twice', requestId: randomUUID(), of, products }
      const handle = stage().temporal.workflow.getHandle(cycle)
      const updateIds = [command.requestId, command.requestId, randomUUID(), randomUUID()]
      const answers = await Promise.all(
        updateIds.map((updateId) => handle.executeUpdate(asked.action, { args: [command], updateId })),
      )
      healed('asked')
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size, 'different answers').toBe(1)
      await asked.untilDone(cycle)
      await untilAudited(cycle, asked.action, 'one of two')
      expect(await auditOf(cycle, asked.action)).toMatchObject([{ actor: 'one of two', outcome: 'accepted' }])
      return { walks: [] }
    }),
  15 * MINUTE_MS,
)

test.each([...OPEN, RERUN, SKIP_CLOSED])(
  'row 37: a worker killed while operators $action: one effect, and whoever asks again is told who was first',
  (asked) =>
    playCase(stage(), { row: 37, name: `${asked.action}, worker killed` }, async ({ draw, note, healed }) => {
      const cycle = await asked.prepare(take(1)[0] as Walk)
      const asking = askTogether(cycle, asked, 2)
      await pass(draw.between(0, 3_000))
      await stage().roleOf('worker', 'd2').kill()
      note('worker of d2 killed')
      await stage().startAll()
      healed('worker started')
      const answers = await asking
      const last = await ask(cycle, asked, { actor: 'the last' })
      expect(last.code, last.said).toBe(answers.every(({ code }) => code === NOT_ALLOWED) ? 0 : NOT_ALLOWED)
      await expectOneEffect(cycle, asked, [...answers, last])
      return { walks: [] }
    }),
  15 * MINUTE_MS,
)

test.each([...OPEN, SKIP_CLOSED])(
  'row 37: Temporal’s answer to $action cut anywhere: asked again, one effect comes of it',
  (asked) =>
    playCase(stage(), { row: 37, name: `${asked.action}, answer cut` }, async ({ draw, note, healed }) => {
      const cycle = await asked.prepare(take(1)[0] as Walk)
      const proxy = await stage().proxyTo('temporal')
      const replyBytes = draw.between(200, 3_000)
      proxy.spoil({ replyBytes })
      note(`each connection ends after ${replyBytes} bytes of answers`)
      const first = await ask(cycle, asked, { actor: 'cut off', TEMPORAL_ADDRESS: `${proxy.host}:${proxy.port}` })
      note(`cut off: ${first.code} ${first.said}`)
      expect([0, FAILED], first.said).toContain(first.code)
      if (first.code === FAILED) expect(first.said).toMatch(/gave no answer|does not answer/)
      healed('asked without the proxy')
      const second = await ask(cycle, asked, { actor: 'again' })
      await expectOneEffect(cycle, asked, [first, second])
      return { walks: [] }
    }),
  15 * MINUTE_MS,
)

test(
  'row 37: operators who hold or release a product at once: one is taken, the others are told who was first',
  () =>
    playCase(stage(), { row: 37, name: 'hold and release of a product by several' }, async ({ draw, healed }) => {
      const walk = take(1)[0] as Walk
      const cycle = await open(walk)
      const product = `d2/end-${walk.lane}`
      for (const action of ['hold', 'release']) {
        const asked = { action, args: action === 'release' ? ['--run', 'all'] : [] }
        const answers = await askTogether(product, asked, draw.between(2, 4), 'central')
        await untilHeld(cycle, action === 'hold')
        expectOneAnswer(answers)
        const own = new Set(answers.map(({ actor }) => actor))
        const rows = (await auditOf(product, action)).filter(({ actor }) => own.has(actor))
        expectRows(rows.slice(-answers.length), answers)
      }
      healed('released')
      return { walks: [] }
    }),
  15 * MINUTE_MS,
)

interface Answer {
  actor: string
  code: number | null
  said: string
}

let operators = 0

async function ask(
  what: string,
  { action, args }: Pick<Asked, 'action' | 'args'>,
  { actor, who, ...env }: { actor: string; who?: string } & Record<string, string>,
): Promise<Answer> {
  const command = [action, what, ...args, '--actor', actor, '--reason', `${actor} wants it`]
  const { code, out, err } = await run(command, stage().folder, { ...stage().environmentOf(who ?? 'd2'), ...env })
  return { actor, code, said: out + err }
}

/** So many operators, each with a command line of his own, at the same moment. */
const askTogether = (
  what: string,
  asked: Pick<Asked, 'action' | 'args'>,
  count: number,
  who = 'd2',
): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, () => ask(what, asked, { actor: `operator ${(operators += 1)}`, who })))

/** The others learn from the answer who was first. */
function expectOneAnswer(answers: Answer[]): void {
  const all = answers.map(({ code, said }) => `${code}: ${said}`).join('')
  const taken = answers.filter(({ code }) => code === 0)
  expect(taken, all).toHaveLength(1)
  for (const { code, said } of answers.filter((one) => one !== taken[0])) {
    expect(code, all).toBe(NOT_ALLOWED)
    expect(said, all).toContain(taken[0]?.actor)
  }
}

async function expectOneTaken(cycle: string, asked: Asked, answers: Answer[]): Promise<void> {
  expectOneAnswer(answers)
  const rows = await expectOneEffect(cycle, asked, answers)
  expectRows(rows, answers)
}

/** I14: each has actor and reason, and a refusal says why and who was first. */
function expectRows(rows: AuditRow[], answers: Answer[]): void {
  const [taken] = answers.filter(({ code }) => code === 0)
  expect(rows.map(({ actor }) => actor).toSorted()).toEqual(answers.map(({ actor }) => actor).toSorted())
  for (const { actor, reason, outcome, because } of rows) {
    expect([actor, reason]).toEqual([actor, `${actor} wants it`])
    expect(outcome).toBe(actor === taken?.actor ? 'accepted' : 'refused')
    if (outcome === 'refused') expect(because).toContain(taken?.actor)
  }
}

/** Whatever was answered: one of them is in the audit as accepted, each of the refused too, and Glue ran no more than for one. */
async function expectOneEffect(cycle: string, asked: Asked, answers: Answer[]): Promise<AuditRow[]> {
  await asked.untilDone(cycle)
  const actors = new Set(answers.map(({ actor }) => actor))
  const read = async () => (await auditOf(cycle, asked.action)).filter(({ actor }) => actors.has(actor))
  await until('the accepted one is in the audit', MINUTE_MS, async () =>
    (await read()).some(({ outcome }) => outcome === 'accepted'),
  )
  const rows = await read()
  const all = answers.map(({ actor, code, said }) => `${actor}, ${code}: ${said}`).join('')
  expect(
    rows.filter(({ outcome }) => outcome === 'accepted'),
    all,
  ).toHaveLength(1)
  for (const { actor } of answers.filter(({ code }) => code === 0 || code === NOT_ALLOWED))
    expect(
      rows.filter((row) => row.actor === actor),
      all,
    ).toHaveLength(1)
  const runs = startedRuns(await readLedger(stage())).filter((one) => one.cycle === cycle)
  expect(runs, all).toHaveLength(asked.attempts)
  return rows
}

interface AuditRow {
  actor: string
  reason: string
  outcome: string
  because: string | null
}

const untilAudited = (cycle: string, action: string, actor: string): Promise<void> =>
  until(`${actor} is in the audit`, MINUTE_MS, async () =>
    (await auditOf(cycle, action)).some((row) => row.actor === actor),
  )

const auditOf = (what: string, action: string): Promise<AuditRow[]> =>
  stage().db.rows(
    `select actor, reason, outcome, refused_because as because from operator_action
     where cycle = $1 and action = $2 and actor <> 'the stage' order by at`,
    [what, action],
  )
