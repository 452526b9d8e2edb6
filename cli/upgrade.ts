// In: a cycle, or a product with its open cycles; an actor, a reason. Out: which of them go by the definition in force from now
// on, and why the others do not, which is audited. Never: a cycle whose attempt has begun (the cycle itself refuses); a deadline
// resolved there.
import { type Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import pMap from 'p-map'
import { listOlderUnbegun } from '../mirror/carried-versions.ts'
import type { Timetable } from '../model/calendar/cycles.ts'
import { openCycle, whyNotDue } from '../model/calendar/due.ts'
import { toTimetable } from '../model/calendar/routing.ts'
import type { Cycle, UpgradeCommand } from '../model/cycle/cycle.ts'
import { compareExpected, type InputChanges, refuseUpgrade } from '../model/cycle/upgrade.ts'
import type { DefinitionVersion } from '../model/definition.ts'
import { type CycleId, type CycleParts, domainOf, parseCycleId, type ProductId, toCycleId } from '../model/ids.ts'
import { CYCLE_QUERY, UPGRADE } from '../workflows/contract.ts'
import { requireAsker } from './asker.ts'
import { auditRefusal, type RefusedAction } from './audit.ts'
import { withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { noAnswerWords, toNoAnswer } from './no-answer.ts'
import { type Output, print, printJson, talk, toCount } from './output.ts'
import { readCatalog } from './read-catalog.ts'

export interface UpgradeOptions {
  product?: ProductId
  dryRun: boolean
  reason: string
  actor: string
  stack?: string
  output: Output
}

interface Upgraded extends InputChanges {
  cycle: CycleId
  /** Null: Temporal knows no run of it. */
  from: number | null
  to: number
  /** Null: done, or would be. */
  refused: string | null
  /** Whether it was done is not known. */
  isUnanswered?: true
}

export async function upgrade(parts: CycleParts | undefined, options: UpgradeOptions): Promise<number> {
  const product = parts?.product ?? options.product
  if (!product || (parts && options.product))
    throw new CommandFailure(EXIT.failed, 'Name one cycle, such as d1/ds3/2026-11-20, or a product with --product.')
  const command = requireAsker(options, 'An upgrade needs an actor and a reason that say something.')
  return withConnection(options, domainOf(product), async (connection) => {
    const audit: Audit = (refused) => auditRefusal(connection, { ...command, action: 'upgrade', ...refused })
    const named = parts && toCycleId(product, parts.key)
    const catalog = await readCatalog(connection, domainOf(product))
    const version = catalog.products.find(({ definition }) => definition.product === product)
    if (!version) {
      const refused = `No definition of ${product} is applied any more.`
      if (named && !options.dryRun) await audit({ cycle: named, refused })
      throw new CommandFailure(EXIT.notAllowed, refused)
    }
    const cycles = named ? [named] : await listOlderUnbegun(connection.db(), { product, version: version.version })
    const present = {
      temporal: await connection.temporal(),
      timetable: toTimetable(catalog),
      version,
      answerMs: 15_000,
    }
    const found = await upgradeEach(present, cycles, { command, isDry: options.dryRun, audit })
    if (options.output === 'json') printJson(found)
    else tell(found, { product, version: version.version, isDry: options.dryRun })
    if (found.some(({ isUnanswered }) => isUnanswered)) return EXIT.failed
    return named && found.some(({ refused }) => refused !== null) ? EXIT.notAllowed : 0
  })
}

function tell(
  found: Upgraded[],
  { product, version, isDry }: { product: string; version: number; isDry: boolean },
): void {
  if (found.length === 0)
    talk(`No open cycle of ${product} that has not begun carries an older version than ${version}.`)
  for (const { cycle, from, to, added, dropped, refused, isUnanswered } of found) {
    const inputs = [...added.map((one) => `waits for ${one} too`), ...dropped.map((one) => `waits for ${one} no more`)]
    const change = [`version ${from} -> ${to}`, ...inputs].join('; ')
    print(refused === null ? `${cycle}: ${change}` : `${cycle}: ${isUnanswered ? '' : 'not upgraded. '}${refused}`)
  }
  const done = found.filter(({ refused }) => refused === null).length
  if (found.length > 0) talk(`${toCount(done, 'cycle')}${isDry ? ' would be' : ''} upgraded.`)
}

/** What is in force now. */
interface Present {
  temporal: Client
  timetable: Timetable
  version: DefinitionVersion
  /** So long each cycle may take to answer. */
  answerMs: number
}

type Audit = (refused: Pick<RefusedAction, 'cycle' | 'versions' | 'refused'>) => Promise<void>

interface Wish {
  /** Of all cycles, so that the audit shows which belong together. */
  command: Omit<UpgradeCommand, 'to'>
  isDry: boolean
  audit: Audit
}

/** So many at a time: the cycles of a version that no worker runs take their whole time each. */
const AT_ONCE = { concurrency: 10 }

/** One that cannot be upgraded, or does not answer, keeps no other from it. @throws what went wrong, where none answers. */
export async function upgradeEach(present: Present, cycles: CycleId[], wish: Wish): Promise<Upgraded[]> {
  const failures: CommandFailure[] = []
  let answered = 0
  const found = await pMap(
    cycles,
    async (cycle): Promise<Upgraded> => {
      try {
        return await upgradeOne(present, cycle, wish)
      } catch (error) {
        failures.push(toNoAnswer(cycle, error))
        return { ...toUnasked(present, cycle), refused: noAnswerWords(error), isUnanswered: true }
      } finally {
        answered += 1
        if (cycles.length > 10 && answered % 10 === 0) talk(`${answered} of ${cycles.length} …`)
      }
    },
    AT_ONCE,
  )
  if (cycles.length > 0 && failures.length === cycles.length) throw failures[0]
  for (const { cycle, from, to, refused, isUnanswered } of found)
    if (refused !== null && !isUnanswered && !wish.isDry)
      await wish.audit({ cycle, refused, ...(from !== null && { versions: { from, to } }) })
  return found
}

const toUnasked = ({ version }: Pick<Present, 'version'>, cycle: CycleId) => ({
  ...{ cycle, from: null, to: version.version, added: [], dropped: [] },
})

async function upgradeOne(present: Present, cycle: CycleId, { command, isDry }: Wish): Promise<Upgraded> {
  const { key } = parseCycleId(cycle) as CycleParts
  const { timetable, version } = present
  const about = toUnasked(present, cycle)
  const live = await readLive(present, cycle)
  if (!live) {
    const next = `Cycles that open from now on go by the present definition; see: sluice explain ${cycle}`
    return { ...about, refused: `It is not open. ${next}` }
  }
  const { settings, openedBy, definitionVersion: from, expected } = live.input
  const notDue = whyNotDue(timetable, version.definition, key)
  if (notDue) return { ...about, from, refused: `By its present definition ${notDue}, so it goes on as it is.` }
  const to = openCycle(timetable, version, { key, openedBy, settings })
  const refused = isDry ? refuseUpgrade(live, to) : await send(present, cycle, { ...command, to })
  return { ...about, from, ...compareExpected(expected, to.expected), refused }
}

type Asked = Pick<Present, 'temporal' | 'answerMs'>

/** Undefined when Temporal knows no run of it. */
async function readLive({ temporal, answerMs }: Asked, cycle: CycleId): Promise<Cycle | undefined> {
  try {
    const handle = temporal.workflow.getHandle(cycle)
    return await temporal.withDeadline(Date.now() + answerMs, () => handle.query<Cycle>(CYCLE_QUERY))
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}

/** Why the cycle says no; null when it goes by it. */
async function send({ temporal, answerMs }: Asked, cycle: CycleId, command: UpgradeCommand): Promise<string | null> {
  try {
    await temporal.withDeadline(Date.now() + answerMs, () =>
      temporal.workflow
        .getHandle(cycle)
        .executeUpdate<unknown, [UpgradeCommand]>(UPGRADE, { args: [command], updateId: command.requestId }),
    )
    return null
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'It has closed meanwhile.'
    if (error instanceof WorkflowUpdateFailedError) return error.cause?.message ?? error.message
    throw error
  }
}
