// `explain --at`: what a cycle waited for then. In: a cycle, a time. Out: how it stood, the tree of then, what had happened until then, by
// the histories alone. Never: a word about the present; what no history keeps told as if it had been so.
import { listProductFacts } from '../mirror/blockers.ts'
import { type CycleReport, readCycle } from '../mirror/status.ts'
import { parseMoment, toMomentMs } from '../model/calendar/moment.ts'
import { type CycleParts, type ProductId, toCycleId } from '../model/ids.ts'
import type { Connection } from './connection.ts'
import { explainBlockers } from './explain-blockers.ts'
import { toStory } from './explain-report.ts'
import { toSentence, toTreeData, treeLines } from './explain-tree.ts'
import { whyUnknown } from './explain-unknown.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { colourState, type Output, print, printJson } from './output.ts'

/** Nothing keeps a history of these. */
export const UNKNOWN_THEN = [
  'who was held back by whom (but for the commands above), which runs had ended, and what waited for room in Glue',
  'notices that an upstream failed or took its data back',
  'inputs that an upgrade of the definition added: they count as waited for from the opening; owners, calendars and conditions are those of now',
]

interface PastOptions {
  output: Output
  /** As a person writes it. */
  at: string
}

export async function explainPast(
  connection: Connection,
  parts: CycleParts,
  { output, at: said }: PastOptions,
): Promise<number> {
  const atMs = await requirePast(connection, parts, said)
  const db = connection.db()
  const cycle = toCycleId(parts.product, parts.key)
  const [report, explained] = await Promise.all([
    readCycle(db, cycle),
    explainBlockers(db, { parts, nowMs: atMs, isPast: true }),
  ])
  const at = new Date(atMs).toISOString()
  if (!report) throw refuse((await whyUnknown(connection, parts)).sentence)
  if (!explained) throw refuse(toUnopened(report, at))
  const sentence = toSentence(explained, atMs, true)
  const story = storyUntil(report, at)
  if (output === 'json') {
    const blockers = toTreeData(explained)
    printJson({ cycle, at, explanation: { sentence, blockers, story, unknown: UNKNOWN_THEN } })
    return 0
  }
  const { state, step } = explained.top
  print(`${cycle}  as of ${at}: ${state ? colourState(state) : ''}${step ? ` (${step})` : ''}`)
  const lines = [...(sentence ? [sentence] : []), ...treeLines(explained, atMs)]
  const unknown = ['not known of then:', ...UNKNOWN_THEN.map((one) => `  ${one}`)]
  const until = ['until then:', ...story.map(({ at, said }) => `  ${at}  ${said}`)]
  for (const line of [...lines, ...until, ...unknown]) print(`  ${line}`)
  return 0
}

/** @throws CommandFailure of what is no time, of one that is still to come, and of a wall time whose zone is not known. */
async function requirePast(connection: Connection, { product }: CycleParts, text: string): Promise<number> {
  const moment = parseMoment(text)
  if (!moment)
    throw refuse(
      `--at "${text}" is no time. Give an instant, 2026-11-20T22:05:00Z, or a wall time, "2026-11-20 17:05".`,
    )
  const nowMs = Date.now()
  const zone = moment.kind === 'wall' ? await readZone(connection, product) : 'UTC'
  if (!zone)
    throw refuse(
      `In which zone ${text} is meant is not known, because no definition of ${product} is. Give the instant, such as 2026-11-20T22:05:00Z.`,
    )
  const atMs = toMomentMs(moment, zone)
  if (atMs > nowMs)
    throw refuse(`--at ${new Date(atMs).toISOString()} is still to come. How the cycle stands now: leave --at out.`)
  return atMs
}

const refuse = (message: string): CommandFailure => new CommandFailure(EXIT.failed, message)

async function readZone({ db }: Connection, product: ProductId): Promise<string | undefined> {
  const [facts] = await listProductFacts(db(), [product], new Date().toISOString())
  return facts?.schedule?.timezone
}

const toUnopened = ({ row, transitions }: CycleReport, at: string): string => {
  const openedAt = transitions.find(({ from }) => from === null)?.at ?? row.openedAt
  return `${row.cycle} was not open at ${at}: it was opened at ${openedAt}.`
}

const storyUntil = ({ transitions, deliveries, actions }: CycleReport, at: string) =>
  toStory(transitions, deliveries, actions).filter((one) => one.at <= at)
