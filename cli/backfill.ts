// In: a product, a range of dates, a reason. Out: a backfill under way and followed, or what it would do; the exit code.
// Never: a cycle opened by this process: the backfill is a workflow, and goes on when this command ends.
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { readConfig } from '../clients/config.ts'
import { type BackfillOrder, beginBackfill } from '../model/backfill.ts'
import type { RerunChoice, RerunWish } from '../model/backfill-rerun.ts'
import type { DateRange } from '../model/calendar/backfill-range.ts'
import { parseMoment } from '../model/calendar/moment.ts'
import { type CycleKey, domainOf, type ProductId } from '../model/ids.ts'
import {
  type AskedRerun,
  BACKFILL_WORKFLOW,
  toAskedRerun,
  toBackfillId,
  toBackfillStart,
} from '../workflows/backfill-contract.ts'
import { requireAsker, toSound } from './asker.ts'
import { auditRefusal } from './audit.ts'
import { askProgress, follow, toScreen } from './backfill-follow.ts'
import { type BackfillPlan, planBackfill, toPlanWords } from './backfill-plan.ts'
import { preview } from './backfill-preview.ts'
import { requireReruns, tellResult, toCommand } from './backfill-result.ts'
import { listRunning, stopBackfill } from './backfill-stop.ts'
import { type Connection, withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson, talk } from './output.ts'
import { readCatalog } from './read-catalog.ts'

export interface BackfillOptions {
  from?: string
  to?: string
  reason?: string
  actor: string
  parallel: number
  stopAfter: number
  rerun?: RerunChoice
  /** An instant, as a person writes it. */
  madeBefore?: string
  dryRun: boolean
  wait: boolean
  stop: boolean
  stack?: string
  output: Output
}

interface Asked {
  product: ProductId
  actor: string
  reason: string
  requestId: string
}

export async function backfill(product: ProductId, options: BackfillOptions): Promise<number> {
  const given = { actor: options.actor, reason: options.reason ?? '' }
  const needs = 'A backfill needs an actor and a reason that say something: --reason <text>'
  // Of one without them there is nothing to write into the audit.
  const asked = { product, ...(options.dryRun ? toSound(given) : requireAsker(given, needs)) }
  return withConnection(options, domainOf(product), (connection) =>
    orAudit(connection, asked, { options, work: () => work(connection, asked, options) }),
  )
}

async function work(connection: Connection, asked: Asked, options: BackfillOptions): Promise<number> {
  if (options.stop) {
    if (options.rerun || options.madeBefore !== undefined)
      throw refuse('--stop ends a backfill whatever it makes anew: leave --rerun and --made-before out.')
    return stopBackfill(connection, asked, options)
  }
  const plan = await toPlan(connection, asked.product, { ...requireDates(options), ...toWish(options, Date.now()) })
  if (options.dryRun) {
    preview(plan, options, options.output)
    return 0
  }
  return run(connection, asked, { plan, options })
}

/** What was refused is written down, but for a dry run's. */
async function orAudit(
  connection: Connection,
  asked: Asked,
  { options, work }: { options: BackfillOptions; work: () => Promise<number> },
): Promise<number> {
  try {
    return await work()
  } catch (error) {
    const isRefusal = error instanceof CommandFailure && error.exitCode === EXIT.notAllowed
    if (isRefusal && !options.dryRun) await audit(connection, asked, { options, refused: error.message })
    throw error
  }
}

const audit = (
  connection: Connection,
  { product: cycle, ...who }: Asked,
  { options, refused }: { options: BackfillOptions; refused: string },
): Promise<void> => {
  const { from, to, parallel, stop, rerun, madeBefore } = options
  return auditRefusal(connection, {
    ...{ ...who, cycle, action: 'backfill', refused },
    asked: {
      ...{ from, to, ...(stop ? { stop } : { parallel }) },
      ...{ ...(rerun && { rerun }), ...(madeBefore !== undefined && { madeBefore }) },
    },
  })
}

function requireDates({ from, to }: BackfillOptions): DateRange {
  if (from !== undefined && to !== undefined) return { from, to }
  throw new CommandFailure(EXIT.notAllowed, 'A backfill needs a range of dates: --from <date> --to <date>')
}

/** What is there already is made anew as it stood at that instant: what this very backfill makes is not. */
function toWish({ rerun: which, madeBefore }: BackfillOptions, nowMs: number): { rerun?: RerunWish } {
  if (!which && madeBefore === undefined) return {}
  if (!which) throw refuse('--made-before says which cycles are made anew: --rerun <failed|completed|all>')
  if (madeBefore === undefined) return { rerun: { which, madeBeforeMs: nowMs } }
  const moment = parseMoment(madeBefore)
  if (moment?.kind !== 'instant')
    throw refuse(`--made-before "${madeBefore}" is no instant, such as 2026-11-20T22:05:00Z.`)
  if (moment.atMs > nowMs)
    throw refuse(`--made-before ${madeBefore} is still to come: what was made until now is what can be made anew.`)
  return { rerun: { which, madeBeforeMs: moment.atMs } }
}

const refuse = (why: string): CommandFailure => new CommandFailure(EXIT.notAllowed, why)

async function toPlan(
  connection: Connection,
  product: ProductId,
  range: DateRange & { rerun?: RerunWish },
): Promise<BackfillPlan> {
  const domain = domainOf(product)
  const catalog = await readCatalog(connection, domain)
  const settings = readConfig(process.env, domain).cycle
  return planBackfill(catalog, product, { ...range, db: connection.db(), settings, nowMs: Date.now() })
}

async function run(
  connection: Connection,
  asked: Asked,
  { plan, options }: { plan: BackfillPlan; options: BackfillOptions },
): Promise<number> {
  const { settings } = connection
  const temporal = await connection.temporal()
  const { from, to, product } = plan
  const { parallel, stopAfter } = options
  const wish = toWishOf(plan.asked)
  const order: BackfillOrder = {
    ...{ ...asked, from, to, parallel, stopAfter, ...wish },
    ...{ lookMs: settings.SLUICE_BACKFILL_LOOK_SECONDS, looksPerRun: LOOKS_PER_RUN },
  }
  const id = toBackfillId(order)
  await tellOthers(temporal, product, id)
  const keys = plan.cycles.filter(({ does }) => does !== 'none').map(({ key }) => key)
  const isNew = await start(temporal, order, keys)
  const running = isNew ? undefined : await findRunning(temporal, id)
  if (running) requireSameWish(running, order, options)
  const words = running?.words ?? toPlanWords(plan)
  talk(`${product}, ${from} to ${to}: ${words}.`)
  // The one that runs knows nothing of who asked second.
  if (!isNew) await audit(connection, asked, { options, refused: `S${words.slice(1)}. Nothing else was begun.` })
  const { rerun: _, ...plain } = order
  const followed = running ? { ...plain, ...toWishOf(running.asked) } : order
  if (!options.wait) {
    await requireNew(temporal, followed)
    tellStarted(followed, isNew, options.output)
    return 0
  }
  return followToEnd(temporal, followed, options.output)
}

const toWishOf = (asked: AskedRerun | undefined): { rerun?: RerunWish } =>
  asked ? { rerun: { which: asked.rerun, madeBeforeMs: Date.parse(asked.madeBefore) } } : {}

/** Histories stay far below Temporal's limits. */
const LOOKS_PER_RUN = 150

/** False when one of the same product and range runs: then that is followed. */
async function start(temporal: Client, order: BackfillOrder, keys: CycleKey[]): Promise<boolean> {
  try {
    await temporal.workflow.start(BACKFILL_WORKFLOW, toBackfillStart(beginBackfill(order, keys)))
    return true
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false
    throw error
  }
}

interface Running {
  words: string
  /** What it makes anew; undefined: nothing. */
  asked: AskedRerun | undefined
}

async function findRunning(temporal: Client, id: string): Promise<Running> {
  const described = await temporal.workflow.getHandle(id).describe()
  const who = (await described.staticDetails()) ?? ''
  const memo = described.memo as Partial<AskedRerun> | undefined
  const asked = memo?.rerun && memo.madeBefore ? { rerun: memo.rerun, madeBefore: memo.madeBefore } : undefined
  const since = `such a backfill runs since ${described.startTime.toISOString()}, with its own settings`
  const anew = asked ? ` (--rerun ${asked.rerun} --made-before ${asked.madeBefore})` : ''
  return { words: `${since}${anew}. ${who}`.replace(/\.?\s*$/, ''), asked }
}

/** Whoever asks for cycles to be made anew must not follow one that leaves them alone. */
function requireSameWish(
  { words, asked }: Running,
  { rerun, ...range }: BackfillOrder,
  options: BackfillOptions,
): void {
  if (!rerun) return
  const isOther = options.madeBefore !== undefined && toAskedRerun(rerun).madeBefore !== asked?.madeBefore
  if (asked?.rerun === rerun.which && !isOther) return
  throw refuse(`S${words.slice(1)}. Wait for its end, or stop it first: ${toCommand(range)} --stop --reason <text>`)
}

/** Each has its own bound; together they may have more at work. */
async function tellOthers(temporal: Client, product: ProductId, own: string): Promise<void> {
  const others = (await listRunning(temporal, product)).filter((id) => id !== own)
  if (others.length > 0) talk(`Beside it runs ${others.join(', ')}: each keeps its own --parallel.`)
}

/** As far as a worker answers at once. */
async function requireNew(temporal: Client, order: BackfillOrder): Promise<void> {
  const progress = order.rerun && (await askProgress(temporal, temporal.workflow.getHandle(toBackfillId(order))))
  if (progress) requireReruns(order, progress)
}

function tellStarted(order: BackfillOrder, isNew: boolean, output: Output): void {
  const backfill = toBackfillId(order)
  if (output === 'json') printJson({ backfill, started: isNew })
  else print(`It goes on by itself. ${toHandles(order)}`)
}

function toHandles({ rerun, ...range }: BackfillOrder): string {
  const again = toCommand({ ...range, ...(rerun && { rerun }) })
  return `Follow it${rerun ? ', or go on after its end' : ''}: ${again} --reason <text>; end it: ${toCommand(range)} --stop --reason <text>`
}

async function followToEnd(temporal: Client, order: BackfillOrder, output: Output): Promise<number> {
  const leaving = new AbortController()
  const leave = (): void => leaving.abort()
  process.once('SIGINT', leave)
  try {
    const screen = toScreen(process.stderr)
    const result = await follow(temporal, toBackfillId(order), { screen, signal: leaving.signal })
    if (result) return tellResult(order, result, output)
    talk(`No longer followed; it goes on. ${toHandles(order)}`)
    return EXIT.interrupted
  } finally {
    process.off('SIGINT', leave)
  }
}
