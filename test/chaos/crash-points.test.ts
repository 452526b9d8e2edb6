// Rows 13 and 14: kill -9 before and after each external effect of the bridge and of the worker.
// The list of effects is compared with what a run without crash records: an effect that is in no list fails the suite.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CaseRun, type Played, playCase } from './cases.ts'
import { CHOSEN, type CrashPoint, EFFECTS, FIRST_TICK, toPoints } from './effect-list.ts'
import type { Walk } from './mesh.ts'
import type { Allowed } from './oracle.ts'
import { cancelledOf, provoke, shortenRetention, STIMULI } from './provoke.ts'
import type { RoleName, RoleOrder } from './roles.ts'
import { IS_SUITE, RUNS } from './seeds.ts'
import { type Stage, startStage } from './stage.ts'
import type { Fault } from './tally.ts'
import { areClosed, DATES, setGlueTimeline, toWalks, until, untilQuiet } from './walks.ts'

const MINUTE_MS = 60_000
const ROLES = Object.keys(EFFECTS) as RoleName[]
const pointsOf = (role: RoleName): CrashPoint[] =>
  IS_SUITE ? toPoints(role) : CHOSEN.filter((point) => point.role === role)
/** A walk a stimulus, then one a point and run; some cycles of today must be left waiting for `missed`. */
const LANES = Math.max(7, Math.ceil((STIMULI.length + RUNS * ROLES.flatMap(pointsOf).length) / DATES))
let stage: Stage
let taken = 0
const FAULTS: Record<RoleName, Fault> = {
  bridge: { row: 13, name: 'kill -9 of the bridge around each effect' },
  worker: { row: 14, name: 'kill -9 of the worker around each effect' },
}

const takeWalk = (): Walk => {
  const [walk] = toWalks(LANES, taken, 1)
  taken += 1
  if (!walk) throw new Error('The stage has no walk left.')
  return walk
}

beforeAll(async () => {
  stage = await startStage({ lanes: LANES })
  await setGlueTimeline(stage, 300)
})
afterAll(() => stage.stop())

test(
  'a worker killed before and after its first tick opens a cycle: the next opens what is left',
  async () => {
    for (const when of ['before', 'after']) {
      const env = { SLUICE_CHAOS_CRASH: `${when} ${FIRST_TICK}` }
      const dying = await stage.start({ role: 'worker', domain: 'd1', env })
      await until(
        `the worker is killed ${when} it opens a cycle`,
        2 * MINUTE_MS,
        async () => dying.exit() !== undefined,
      )
      expect(dying.exit()?.signal, when).toBe('SIGKILL')
    }
  },
  10 * MINUTE_MS,
)

test(
  'the effects of a run through every path are those that are listed',
  async () => {
    await startRecording()
    const walks: Walk[] = []
    for (const stimulus of STIMULI) {
      const walk = takeWalk()
      walks.push(walk)
      await provoke[stimulus](stage, walk)
    }
    await untilQuiet(stage, walks)
    // The next start finds its schedule, and its tick what was missed or altered.
    await Promise.all(ROLES.map((role) => stage.roleOf(role, 'd1').stop()))
    await startRecording()
    const recorded = (role: RoleName): string[] => [...new Set(readFileSync(recordOf(role), 'utf8').trim().split('\n'))]
    await until('the tick told what was missed, and wrote anew what was altered', 3 * MINUTE_MS, async () => {
      const ticked = ['missed', 'altered'].flatMap((cause) => causedBy(cause))
      return ticked.every((effect) => recorded('worker').includes(effect))
    })
    const found = Object.fromEntries(ROLES.map((role) => [role, recorded(role).toSorted()]))
    const listed = Object.fromEntries(ROLES.map((role) => [role, listedOf(role).toSorted()]))
    expect(found).toEqual(listed)
  },
  15 * MINUTE_MS,
)

const causedBy = (cause: string): string[] =>
  Object.entries(EFFECTS.worker).flatMap(([effect, by]) => (by === cause ? [effect] : []))

/** Without what the definitions of this stage never bring about. */
const listedOf = (role: RoleName): string[] =>
  Object.entries(EFFECTS[role]).flatMap(([effect, cause]) => (cause === 'lost correction' ? [] : [effect]))

const recordOf = (role: RoleName): string => path.join(stage.folder, `effects-${role}.txt`)

async function startRecording(): Promise<void> {
  for (const role of ROLES) {
    await shortenRetention(stage)
    await stage.start({ role, domain: 'd1', env: { SLUICE_CHAOS_RECORD: recordOf(role) } })
  }
  await stage.startAll()
}

for (const role of ROLES) {
  test(
    `a ${role} killed before and after ${IS_SUITE ? 'each' : 'some'} of its effects: every walk refreshes exactly once`,
    () => playCase(stage, FAULTS[role], (run) => playPoints(run, role)),
    RUNS * 20 * MINUTE_MS,
  )
}

/** All points, one after the other, without waiting for walks to end: a killed activity is tried again a minute later. */
async function playPoints({ draw, note, healed }: CaseRun, role: RoleName): Promise<Played> {
  const points = draw.shuffled(pointsOf(role))
  const walks: Walk[] = []
  const cancelled: string[] = []
  const attempts: Record<string, number> = {}
  await stage.startAll()
  for (const point of points) {
    const walk = takeWalk()
    walks.push(walk)
    note(`killed ${point.when} ${point.effect}, ${walk.key} of lane ${walk.lane}`)
    Object.assign(attempts, (await crashAt(point, walk)).attempts)
    healed(`another ${role} took its place`, [walk])
    if (point.stimulus === 'cancel') cancelled.push(cancelledOf(walk))
  }
  // They end by no walk: the try that died is made again a minute later.
  await until('every cancelled cycle is closed', 3 * MINUTE_MS, () => areClosed(stage, cancelled))
  return { walks, allowed: { attempts }, quietWithinMs: 6 * MINUTE_MS }
}

/** The role dies at the point, and another takes its place; work of the walk that is left goes on meanwhile. */
async function crashAt(point: CrashPoint, walk: Walk): Promise<Allowed> {
  const { role, effect, when, stimulus } = point
  await stage.roleOf(role, 'd1').stop()
  if (effect === 'temporal UpdateNamespace') await shortenRetention(stage)
  const order = { role, domain: 'd1' as const, env: { SLUICE_CHAOS_CRASH: `${when} ${effect}` } }
  // A tick comes with the start, and must find what was missed or altered.
  const before = stimulus === 'missed' || stimulus === 'altered' ? await provoke[stimulus](stage, walk) : undefined
  const [allowed] = await Promise.all([before ?? provoke[stimulus](stage, walk), dieAndReplace(point, order)])
  return allowed
}

async function dieAndReplace({ role, effect, when }: CrashPoint, order: RoleOrder): Promise<void> {
  const dying = await stage.start(order)
  await until(`${role} is killed ${when} ${effect}`, 2 * MINUTE_MS, async () => dying.exit() !== undefined)
  expect(dying.exit()?.signal, `${role} ${when} ${effect}`).toBe('SIGKILL')
  await stage.startAll()
}
