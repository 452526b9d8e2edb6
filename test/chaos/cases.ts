// One run of a case: inject, drive, heal, wait until quiet, judge. In: the row's number and name, what it does.
// Out: a tally for the table at the end, or a failed expectation. Never: a failure whose seed, schedule and evidence are
// not kept as one file.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { collectEvidence } from '../../verify/collect.ts'
import type { Evidence } from '../../verify/evidence.ts'
import { findViolations } from '../../verify/violations.ts'
import type { Domain } from '../../model/ids.ts'
import { root } from '../steps.ts'
import { EFFECTS } from './effect-list.ts'
import { DOMAINS, type Walk } from './mesh.ts'
import { type Allowed, collectWalks, findBreaches } from './oracle.ts'
import { type RoleName, toUnlistedFile } from './roles.ts'
import { chooseSeeds, type Draw, drawFrom, RUNS } from './seeds.ts'
import type { Stage } from './stage.ts'
import { MINUTE_MS } from './row-stage.ts'
import { type Fault, type TallyLine, toSentence } from './tally.ts'
import { untilQuiet } from './walks.ts'
import { recoveredAtMs } from './witness.ts'

export interface CaseRun {
  seed: number
  draw: Draw
  /** What was done and when, for the artefact: one line an act. */
  note(act: string): void
  /** Noted too: the fault is over, from now on these walks recover; all of the case unless told. */
  healed(act: string, walks?: Walk[]): void
}

export interface Played {
  walks: Walk[]
  allowed?: Allowed
  /** How long the walks may take to complete after the heal. */
  quietWithinMs?: number
}

const ARTEFACTS = path.join(root, '.sluice', 'chaos')
/** `npm run test:chaos` gives the file in which it reads the tallies. */
const TALLIES = process.env['SLUICE_CHAOS_TALLIES']

/** Plays the fault as often as asked, each time with its own seed; `play` injects, drives and heals. */
export async function playCase(
  stage: Stage,
  fault: Fault,
  play: (run: CaseRun) => Promise<Played>,
  runs?: number,
): Promise<void> {
  const seeds = chooseSeeds(runs)
  for (const [at, seed] of seeds.entries()) {
    const again = `again by SLUICE_CHAOS_RUNS=${RUNS} SLUICE_CHAOS_SEED=${seed}`
    console.log(`row ${fault.row}, ${fault.name}, run ${at + 1} of ${seeds.length}; ${again}`)
    await playOnce(stage, fault, seed, play)
  }
}

async function playOnce(
  stage: Stage,
  fault: Fault,
  seed: number,
  play: (run: CaseRun) => Promise<Played>,
): Promise<void> {
  const schedule: string[] = []
  const startedMs = performance.now()
  const note = (act: string): void => void schedule.push(`${Math.round(performance.now() - startedMs)} ms: ${act}`)
  const heals: Heal[] = []
  const healed: CaseRun['healed'] = (act, those) => {
    note(act)
    heals.push({ atMs: Date.now(), walks: those })
  }
  let walks: Walk[] = []
  let recoveriesMs: number[] = []
  let judged: Judged = { breaches: [] }
  try {
    const played = await play({ seed, draw: drawFrom(seed), note, healed })
    walks = played.walks
    await untilQuiet(stage, walks, played.quietWithinMs)
    judged = await judge(stage, played)
    recoveriesMs = await measureRecoveries(stage, heals, walks)
  } catch (error) {
    judged = { breaches: [error instanceof Error ? error.message : String(error)] }
  }
  const { breaches } = judged
  tally({ ...fault, seed, violations: breaches.length, recoveriesMs })
  if (breaches.length > 0) await keepArtefact(stage, { ...fault, seed, schedule, walks, ...judged })
  expect(breaches, `row ${fault.row}, seed ${seed}`).toEqual([])
}

interface Judged {
  breaches: string[]
  evidence?: Evidence
}

/** Every invariant over all that the stage ever did, that each walk refreshed exactly once, and that no effect was new. */
async function judge(stage: Stage, { walks, allowed }: Played): Promise<Judged> {
  let evidence = await collect(stage)
  let found = findViolations(evidence)
  // What does not get on may have begun just now on a busy machine, such as a cycle of the scheduler's: it is looked at again.
  const untilMs = performance.now() + MINUTE_MS
  while (found.some(({ invariant }) => invariant === 'I10') && performance.now() < untilMs) {
    await pause(1_000)
    evidence = await collect(stage)
    found = findViolations(evidence)
  }
  const violations = found.map(
    ({ invariant, cycle, eventId, says }) => `${invariant} ${cycle ?? eventId ?? ''}: ${says}`,
  )
  const own = findBreaches(await collectWalks(stage, walks), walks, allowed)
  return { breaches: [...violations, ...own, ...findUnlisted(stage)], evidence }
}

/** Effects that rows 13 and 14 never die of, since nobody listed them. */
const findUnlisted = ({ folder }: Stage): string[] =>
  (Object.keys(EFFECTS) as RoleName[]).flatMap((role) => {
    const file = toUnlistedFile(folder, role)
    const effects = existsSync(file) ? new Set(readFileSync(file, 'utf8').trim().split('\n')) : []
    return [...effects].map((effect) => `${role}: the effect "${effect}" is not in effect-list.ts`)
  })

export const collect = ({ awsEndpoint, temporal, db }: Stage): Promise<Evidence> =>
  collectEvidence({ awsEndpoint, temporal, db, domains: DOMAINS.map((domain) => domain as Domain) })

interface Heal {
  atMs: number
  walks: Walk[] | undefined
}

const measureRecoveries = (stage: Stage, heals: Heal[], all: Walk[]): Promise<number[]> =>
  Promise.all(
    heals.map(async ({ atMs, walks = all }) => Math.max(0, ((await recoveredAtMs(stage, walks)) ?? atMs) - atMs)),
  )

function tally(line: TallyLine): void {
  console.log(toSentence(line))
  if (TALLIES) appendFileSync(TALLIES, `${JSON.stringify(line)}\n`)
}

type Artefact = Fault & Judged & { seed: number; schedule: string[]; walks: Walk[] }

async function keepArtefact(stage: Stage, facts: Artefact): Promise<void> {
  mkdirSync(ARTEFACTS, { recursive: true })
  const file = path.join(ARTEFACTS, `row-${facts.row}-seed-${facts.seed}.json`)
  const evidence = facts.evidence ?? (await collect(stage).catch((error: unknown) => String(error)))
  const logs = [...stage.roles.values()].map(({ name, lastLines }) => ({ name, last: lastLines(40) }))
  writeFileSync(file, JSON.stringify({ ...facts, evidence, logs }, null, 1))
  console.log(`Evidence of the failed run: ${file}`)
}
