// Holding and releasing, one cycle or all of a product. In: which, who and why. Out: which cycles start nothing from now on, or
// go on. A hold of a product: first where roles read it (rows, bucket), then each open cycle; what opens meanwhile by an older
// catalog is caught by the last fence before Glue, and by the scheduler's tick.
// Never: a release that lets more run than was asked for: what stays held is held by itself first.
import { type Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import pMap from 'p-map'
import { holdProduct, releaseProduct } from '../catalog/hold-product.ts'
import { type ProductHold, selectHolds } from '../catalog/holds.ts'
import type { Queries } from '../clients/postgres.ts'
import { type RequestedAction, recordAction } from '../mirror/actions.ts'
import { listProducts } from '../mirror/products.ts'
import { toReason } from '../model/cycle/asker.ts'
import { refuseCommand, toHeldWords } from '../model/cycle/commands.ts'
import type { Command, Cycle, HeldAs, OperatorCommand } from '../model/cycle/cycle.ts'
import { type CycleId, type CycleParts, domainOf, type ProductId, toCycleId } from '../model/ids.ts'
import { type ActOptions, act, type Done, toCommandOf } from './act.ts'
import { lastDone, toWhoWasFirst } from './audit.ts'
import { requireDomain } from './choose-products.ts'
import { type Connection, withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { ANSWER_MS, askCycle, presentVersion } from './find-cycle.ts'
import { noAnswerWords } from './no-answer.ts'
import { whyNoDefinition } from './no-definition.ts'
import { print, printJson, talk, toCount } from './output.ts'
import { readCatalog } from './read-catalog.ts'
import { CENTRAL } from './stack-environment.ts'

export const RUNS = ['all', 'latest', 'none'] as const
export type Runs = (typeof RUNS)[number]

const isProduct = (what: CycleParts | ProductId): what is ProductId => typeof what === 'string'

export async function hold(what: CycleParts | ProductId, options: ActOptions): Promise<number> {
  if (isProduct(what)) return holdAll(what, options)
  const tell = (): string => `${toCycleId(what.product, what.key)} is held: no attempt begins until it is released.`
  return act(what, { command: { action: 'hold', of: 'cycle' }, tell }, options)
}

export interface ReleaseOptions extends ActOptions {
  run?: Runs
}

export async function release(what: CycleParts | ProductId, { run, ...options }: ReleaseOptions): Promise<number> {
  if (isProduct(what)) return releaseAll(what, run, options)
  if (run)
    throw new CommandFailure(
      EXIT.failed,
      '--run is for a product, of which several cycles may be held; this is one cycle.',
    )
  const cycle = toCycleId(what.product, what.key)
  const tell = ({ after }: Done): string =>
    after?.state === 'ERROR' && after.step !== 'wait'
      ? `${cycle} is released. It stays in ERROR (${after.step}) until it is rerun: sluice rerun ${cycle}.`
      : `${cycle} is released and goes on by itself.`
  return act(what, { command: { action: 'release', of: 'cycle' }, tell }, options)
}

const holdAll = (product: ProductId, options: ActOptions): Promise<number> =>
  withProduct(product, 'hold', options, async (held) => {
    const { connection, asker, cycles } = held
    const command = { action: 'hold' as const, of: 'product' as const, ...asker }
    const open = cycles.filter((cycle) => refuseCommand(cycle, command, 'open', Date.now()) === null)
    const ids = open.map(({ id }) => id)
    if (options.dryRun) return toldDry(options, { product, action: 'hold', cycles: ids, before: held.before })
    const hold = { product, actor: asker.actor, reason: asker.reason, sinceMs: Date.now(), of: 'product' as const }
    // Somebody else may have been quicker since it was looked at.
    const { before } = await holdProduct(await toOrder(connection), hold, (session, before) =>
      audit(session, { ...held, before }, before ? `It is held already, ${toHeldWords(before)}.` : null),
    )
    // Also where it was held before: an earlier command may have died half-way.
    const told = await tellEach(connection, await listOpen(connection, product), command)
    return toldDone(options, { product, action: 'hold', told: await withProblems(connection, told, command), before })
  })

const releaseAll = (product: ProductId, run: Runs | undefined, options: ActOptions): Promise<number> =>
  withProduct(product, 'release', options, async (held) => {
    const { connection, asker, before, cycles } = held
    const waiting = cycles.filter((cycle) => cycle.held?.of === 'product').toSorted(oldestFirst)
    if (!before && waiting.length === 0) return refuseRelease(held, options)
    const chosen = choose(product, waiting, run)
    const kept = waiting.filter((cycle) => !chosen.includes(cycle))
    const about = { product, action: 'release' as const, before, kept: kept.map(({ id }) => id) }
    if (options.dryRun) return toldDry(options, { ...about, cycles: chosen.map(({ id }) => id) })
    if (!held.isInRows && (await isReleasedByAnother(held))) return refuseRelease(held, options)
    const left = await tellEach(
      connection,
      kept.map(({ id }) => id),
      {
        action: 'hold',
        of: 'cycle',
        ...asker,
        reason: toReason(`stays held as ${product} is released: ${asker.reason}`),
      },
    )
    requireAll(left, product)
    const released = await releaseProduct(await toOrder(connection), product, async (session, found) => {
      if (found || !held.isInRows) await audit(session, held, null)
    })
    if (held.isInRows && !released.before) return refuseRelease(held, options)
    const later = await listLater(connection, held)
    const goOn =
      run === undefined || run === 'all' ? [...chosen.map(({ id }) => id), ...later] : chosen.map(({ id }) => id)
    const stay = later.filter((cycle) => !goOn.includes(cycle))
    await tellEach(connection, stay, { action: 'hold', of: 'cycle', ...asker })
    const told = await tellEach(connection, goOn, { action: 'release', of: 'product', ...asker })
    return toldDone(options, { ...about, kept: [...about.kept, ...stay], told })
  })

/** What was opened, held with the product, while the others were asked. */
async function listLater(connection: Connection, { product, cycles }: Holding): Promise<CycleId[]> {
  const temporal = await connection.temporal()
  const unknown = (await listOpen(connection, product)).filter((id) => !cycles.some((cycle) => cycle.id === id))
  const asked = await pMap(unknown, (cycle) => askCycle(temporal, cycle), AT_ONCE)
  return asked.flatMap((cycle) => (cycle?.held?.of === 'product' ? [cycle.id] : []))
}

/** One that refused though it could be held is pinned to a build that knows no hold: it will start. */
async function withProblems(connection: Connection, told: Told[], command: HoldOrRelease): Promise<Told[]> {
  const temporal = await connection.temporal()
  return pMap(
    told,
    async (one): Promise<Told> => {
      if (one.refused === null || one.isUnanswered) return one
      const problem = (refused: string): Told => ({ ...one, isUnanswered: true, refused })
      try {
        const cycle = await askCycle(temporal, one.cycle)
        const isHoldable = cycle !== undefined && refuseCommand(cycle, command, 'open', Date.now()) === null
        return isHoldable ? problem(`It is not held, and will start: ${one.refused}`) : one
      } catch (error) {
        return problem(`${one.refused} Whether it starts all the same is not known: ${String(error)}`)
      }
    },
    AT_ONCE,
  )
}

/** So long another's release may be at telling the cycles; after that it has died, and this one does the rest. */
const RELEASING_MS = 60_000

async function isReleasedByAnother({ connection, product, asker }: Holding): Promise<boolean> {
  const last = await lastDone(connection, product, ['hold', 'release'])
  const isAnothers = last?.action === 'release' && last.actor !== asker.actor
  return isAnothers && Date.parse(last.at) > Date.now() - RELEASING_MS
}

/** Nothing of it is held any more, or somebody else was quicker, who then is named. */
async function refuseRelease({ connection, product, ...held }: Holding, { dryRun }: ActOptions): Promise<never> {
  const last = await lastDone(connection, product, ['hold', 'release'])
  const who = last?.action === 'release' ? toWhoWasFirst(last) : ''
  if (!dryRun) await audit(connection.db(), { connection, product, ...held }, `It is not held.${who}`)
  throw new CommandFailure(
    EXIT.notAllowed,
    held.before === null && held.cycles.every((cycle) => cycle.held?.of !== 'product')
      ? `${product} is not held, nor is any open cycle with it.${who} Which cycles are: sluice status --product ${product}`
      : `${product} is not held any more.${who} Should a cycle still be held with it in a minute, give the command again.`,
  )
}

/** What stays held must be, before the product is released. */
function requireAll(told: Told[], product: ProductId): void {
  const lost = told.filter(({ refused }) => refused !== null)
  if (lost.length === 0) return
  const why = lost.map(({ cycle, refused }) => `${cycle}: ${refused}`).join(' ')
  throw new CommandFailure(
    EXIT.failed,
    `${product} is still held: not every cycle that shall stay held could be told so. ${why}`,
  )
}

const oldestFirst = (one: Cycle, other: Cycle): number => one.input.key.localeCompare(other.input.key)

function choose(product: ProductId, held: Cycle[], run: Runs | undefined): Cycle[] {
  if (run === undefined && held.length > 1)
    throw new CommandFailure(
      EXIT.notAllowed,
      `${toCount(held.length, 'cycle')} of ${product} are held: ${held.map(({ input }) => input.key).join(', ')}. ` +
        'Say which go on: --run all, --run latest (the others stay held), or --run none.',
    )
  if (run === 'none') return []
  return run === 'latest' ? held.slice(-1) : held
}

interface Holding {
  connection: Connection
  product: ProductId
  action: 'hold' | 'release'
  asker: OperatorCommand
  /** The hold of the product as it is; null: none. */
  before: ProductHold | null
  /** Else only the bucket says so: an earlier release died half-way. */
  isInRows: boolean
  cycles: Cycle[]
}

/** Who applies may: the hold goes into the catalog. @throws for a product that is none. */
async function withProduct(
  product: ProductId,
  action: 'hold' | 'release',
  options: ActOptions,
  work: (held: Holding) => Promise<number>,
): Promise<number> {
  const { actor, reason, requestId } = toCommandOf({ action, of: 'product' }, options)
  return withConnection(options, CENTRAL, async (connection) => {
    requireDomain(await listProducts(connection.db()), domainOf(product))
    const catalog = await readCatalog(connection, domainOf(product))
    const row = (await selectHolds(connection.db())).find((one) => one.product === product)
    const inBucket = catalog.holds?.[product]
    const before = row ?? (inBucket ? { product, ...inBucket } : null)
    if (!presentVersion(catalog, { product }) && !before)
      throw new CommandFailure(EXIT.notAllowed, whyNoDefinition(catalog, { product, key: '' as never }))
    const temporal = await connection.temporal()
    const asked = await pMap(await listOpen(connection, product), (cycle) => askCycle(temporal, cycle), AT_ONCE)
    const cycles = asked.filter((cycle) => cycle !== undefined)
    const isInRows = row !== undefined
    return work({ connection, product, action, asker: { actor, reason, requestId }, before, isInRows, cycles })
  })
}

const toOrder = async ({ aws, db, settings }: Connection) => ({
  ...{ db: db(), s3: (await aws()).s3, bucket: settings.SLUICE_CATALOG_BUCKET },
})

async function listOpen(connection: Connection, product: ProductId): Promise<CycleId[]> {
  const temporal = await connection.temporal()
  const ids: CycleId[] = []
  const query = `SluiceProduct = "${product}" AND ExecutionStatus = "Running" AND WorkflowType = "dataProductCycle"`
  for await (const { workflowId } of temporal.workflow.list({ query })) ids.push(workflowId as CycleId)
  return ids.toSorted()
}

interface Told {
  cycle: CycleId
  /** Null: done. */
  refused: string | null
  /** It has not said so itself. */
  isUnanswered?: true
}

const AT_ONCE = { concurrency: 10 }

type HoldOrRelease = { action: 'hold' | 'release'; of: HeldAs } & OperatorCommand

async function tellEach(connection: Connection, cycles: CycleId[], command: HoldOrRelease): Promise<Told[]> {
  const temporal = await connection.temporal()
  return pMap(cycles, (cycle) => tell(temporal, cycle, command), AT_ONCE)
}

async function tell(temporal: Client, cycle: CycleId, command: Command): Promise<Told> {
  try {
    await temporal.withDeadline(Date.now() + ANSWER_MS, () =>
      temporal.workflow
        .getHandle(cycle)
        .executeUpdate(command.action, { args: [command], updateId: command.requestId }),
    )
    return { cycle, refused: null }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { cycle, refused: 'It has closed meanwhile.' }
    if (error instanceof WorkflowUpdateFailedError) return { cycle, refused: error.cause?.message ?? error.message }
    return { cycle, refused: noAnswerWords(error), isUnanswered: true }
  }
}

/** Of the product: each cycle has its own row by itself. */
async function audit(db: Queries, { product, action, asker, before }: Holding, refused: string | null): Promise<void> {
  const standing = { held: before !== null }
  const row: RequestedAction = {
    ...{ cycle: product, action, ...asker, refused, asked: { of: 'product' }, atMs: Date.now(), actorVerified: false },
    ...{ before: standing, ...(refused === null && { after: { held: action === 'hold' } }) },
  }
  await recordAction(db, row)
}

interface Outcome {
  product: ProductId
  action: 'hold' | 'release'
  before: ProductHold | null
  /** Stay held one by one. */
  kept?: CycleId[]
}

function toldDry(
  options: ActOptions,
  { product, action, cycles, kept, before }: Outcome & { cycles: CycleId[] },
): number {
  if (options.output === 'json') printJson({ product, action, isDryRun: true, before, cycles, kept: kept ?? [] })
  else {
    if (action === 'hold' && before) print(`${product} is held already, ${toHeldWords(before)}.`)
    const verb = action === 'hold' ? 'would be held' : 'would go on'
    print(
      `${toCount(cycles.length, 'open cycle')} of ${product} ${verb}${cycles.length > 0 ? `: ${cycles.join(', ')}` : ''}.`,
    )
    for (const cycle of kept ?? []) print(`${cycle} would stay held by itself.`)
    if (action === 'hold') print('Cycles that open from then on would be held too.')
    talk('Nothing was done: it was a dry run. To do it, leave --dry-run out.')
  }
  return 0
}

/** The command that came first may have died before it told these. */
const toRest = (cycles: CycleId[]): string =>
  cycles.length > 0 ? ` Held with it only now: ${toCount(cycles.length, 'open cycle')}: ${cycles.join(', ')}.` : ''

function toldDone(options: ActOptions, { product, action, told, kept, before }: Outcome & { told: Told[] }): number {
  const isRepeat = action === 'hold' && before !== null
  if (options.output === 'json') printJson({ product, action, before, cycles: told, kept: kept ?? [] })
  else {
    const done = told.filter(({ refused }) => refused === null).map(({ cycle }) => cycle)
    const names = done.length > 0 ? `: ${done.join(', ')}` : ''
    const what = action === 'hold' ? `${product} is held` : `${product} is released`
    print(
      isRepeat && before
        ? `${product} was held already, ${toHeldWords(before)}.${toRest(done)}`
        : `${what}, with ${toCount(done.length, 'open cycle')}${names}.`,
    )
    for (const cycle of kept ?? [])
      print(`${cycle} stays held; to let it go on: sluice release ${cycle}; to end it: sluice skip ${cycle}`)
    for (const { cycle, refused, isUnanswered } of told) if (isUnanswered) talk(`${cycle}: ${refused}`)
  }
  if (told.some(({ isUnanswered }) => isUnanswered)) return EXIT.failed
  return isRepeat ? EXIT.notAllowed : 0
}
