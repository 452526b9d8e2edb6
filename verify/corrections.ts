// Part of I3: reruns that nobody asked for. In: what a cycle's histories say. Out: those that read nothing new. Pure.
import type { Attempt } from '../model/cycle/attempt.ts'
import { SLUICE } from '../model/cycle/revisions.ts'
import type { CycleId } from '../model/ids.ts'
import type { BuiltFrom } from '../model/refresh-event.ts'
import type { Folded } from './fold.ts'
import type { Look } from './verdict.ts'

/**
 * Each reads a newer revision of an input than the attempt before, so that no correction is answered twice. An attempt
 * that no flush told of yet is not judged.
 */
export const checkCorrections = (cycle: CycleId, { attempts, actions }: Folded): Look =>
  actions
    .filter(({ actor, refused }) => actor === SLUICE && refused === null)
    .flatMap(({ attempt, requestId }) => {
      const [now, before] = [attempt, Number(attempt) - 1].map((number) => inputsOf(attempts, number))
      if (!now || !before || hasNewer(now, before)) return []
      return {
        ...{ invariant: 'I3' as const, cycle, evidence: [`history of ${cycle}: action ${requestId}`] },
        says: `attempt ${attempt} of ${cycle} was begun for a correction, and reads nothing newer than the one before`,
      }
    })

const inputsOf = (attempts: Attempt[], number: number | null): BuiltFrom[] | undefined =>
  attempts.find((one) => one.number === number)?.inputs

const hasNewer = (now: BuiltFrom[], before: BuiltFrom[]): boolean =>
  now.some(({ product, cycle, revision }) => {
    const known = before.find((one) => one.product === product && one.cycle === cycle)
    return revision > (known?.revision ?? 0)
  })
