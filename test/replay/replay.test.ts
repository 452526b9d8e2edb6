// Cycles that are under way when the code changes must go on: each recorded history is replayed by the present code.
// That guards determinism, not correctness; test/workflows does the other.
import { readFileSync } from 'node:fs'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { beforeAll, expect, inject, test } from 'vitest'
import { CYCLE_STATES } from '../../model/states.ts'
import { toTaskQueue } from '../../workflows/contract.ts'
import { IDENTITY } from '../workflows/stage.ts'
import { BRANCHES, OF_OLDER_CODE } from './branches.ts'
import { listHistories, type RecordedHistory, readHistory, readHistoryText } from './histories.ts'

beforeAll(() => {
  // Replays that have to fail are told at WARN.
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'off' } } })
})

/** Why each could not be replayed; undefined for those that could. */
async function replay(histories: Record<string, RecordedHistory>): Promise<Record<string, string | undefined>> {
  const workflowBundle = { code: readFileSync(inject('ground').bundlePath, 'utf8') }
  const given = Object.entries(histories).map(([workflowId, history]) => ({ workflowId, history }))
  const answers: Record<string, string | undefined> = {}
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, given))
    answers[workflowId] = error && `${error.name}: ${error.message}`
  return answers
}

const all = (): Record<string, RecordedHistory> =>
  Object.fromEntries(listHistories().map((name) => [name, readHistory(name)]))

const expected = [...Object.keys(BRANCHES), ...OF_OLDER_CODE].sort()

test('each branch has its history, and each history its branch', () => {
  expect(listHistories()).toEqual(expected)
})

test('the present code replays them all', async () => {
  const answers = await replay(all())
  expect(Object.keys(answers).sort()).toEqual(expected)
  expect(Object.entries(answers).filter(([, error]) => error)).toEqual([])
})

test('together they ask for every activity and reach every state', () => {
  const names = Object.values(all()).flatMap(activitiesOf)
  expect([...new Set(names)].sort()).toEqual([
    'auditBackfill',
    'awaitGlueJob',
    'findStuck',
    'notifyFailure',
    'openBackfilled',
    'openDueCycles',
    'publishNotRefreshed',
    'publishRefreshEvent',
    'readBackfilled',
    'recallArrivals',
    'reconcileRows',
    'recordCycle',
    'repairArrivals',
    'repairHolds',
    'rerunBackfilled',
    'startGlueJob',
    'stopGlueJob',
    'watchLateness',
  ])
  const told = listHistories().map(toPlainText).join('\n')
  expect(CYCLE_STATES.filter((state) => !told.includes(`"state":"${state}"`))).toEqual([])
})

test('a history in which the workflow asked for another activity does not replay', async () => {
  const tampered = readHistory('happy')
  const publishing = tampered.events.find((event) => activityOf(event)?.activityType.name === 'publishRefreshEvent')
  const activity = publishing && activityOf(publishing)
  if (!activity) throw new Error('The happy history publishes nothing.')
  activity.activityType.name = 'publishSomethingElse'
  const answers = await replay({ tampered, happy: readHistory('happy') })
  expect(answers).toEqual({ tampered: expect.stringContaining('Nondeterminism'), happy: undefined })
})

test('nor does one in which it began no Glue run, or waited for it under another id', async () => {
  const renumbered = readHistory('happy')
  for (const event of renumbered.events) {
    const activity = activityOf(event)
    if (activity?.activityId === 'glue-1') activity.activityId = 'glue-2'
  }
  const waiting = readHistory('still-waiting')
  const unexpected = { events: [...waiting.events.slice(0, 1), ...readHistory('scheduler-tick').events.slice(1)] }
  expect(await replay({ renumbered, unexpected })).toEqual({
    renumbered: expect.stringContaining('Nondeterminism'),
    unexpected: expect.stringContaining('Nondeterminism'),
  })
})

test.each(listHistories())('%s names no machine', (name) => {
  const text = toPlainText(name)
  const identities = new Set([...text.matchAll(/"identity":"([^"]*)"/g)].map(([, identity]) => identity))
  expect([...identities]).toEqual([IDENTITY])
  const queues = new Set([...text.matchAll(/"taskQueue":\{"name":"([^"]*)"/g)].map(([, queue]) => queue))
  expect([...queues].filter((queue) => queue !== toTaskQueue('d1') && !queue?.startsWith(IDENTITY))).toEqual([])
  expect(text.match(MACHINE) ?? []).toEqual([])
})

/** Folders of a machine, addresses and stack traces. */
const MACHINE =
  /(?<![:/\w])\/(?:home|root|tmp|usr|var|work|Users|opt|private)\/\S{0,40}|file:\/\/|node_modules|127\.0\.0\.1|stackTrace/g

const activityOf = (event: RecordedHistory['events'][0]) => event.activityTaskScheduledEventAttributes

const activitiesOf = ({ events }: RecordedHistory): string[] =>
  events.flatMap((event) => activityOf(event)?.activityType.name ?? [])

/** With the payloads, which are base64, in clear. */
const toPlainText = (name: string): string =>
  readHistoryText(name).replaceAll(/"data":"([^"]+)"/g, (_, data: string) => Buffer.from(data, 'base64').toString())
