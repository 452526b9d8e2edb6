// What people and consumers are told when a cycle fails or is held up. In: evidence. Out: for I6, notices that were lost,
// repeated or unasked; for I10, refused steps that nobody was told of. Pure.
// Never: asks of a cycle that was ended from outside what only a whole one can show; a retried send taken for a second notice.
import { type CycleId, toNotRefreshedPrefix } from '../model/ids.ts'
import type { FailureNotice, NotRefreshedNotice } from '../workflows/contract.ts'
import type { CycleEvidence, Evidence, RunEvidence } from './evidence.ts'
import { askedOf, fold, recordsOf } from './fold.ts'
import { type Spell, spellsOf } from './refusals.ts'
import { noticesPut, noticesSent } from './sandbox-rows.ts'
import type { Invariant, Look, Violation } from './verdict.ts'

/** What the outside took, by notice id; absent on real AWS. */
export interface Told {
  owners: Set<string>
  consumers: Set<string>
}

export const findTold = ({ sandbox }: Evidence): Told | undefined =>
  sandbox && {
    owners: new Set(noticesSent(sandbox).map(({ id }) => id)),
    consumers: new Set(noticesPut(sandbox).map(({ eventId }) => eventId)),
  }

interface Notice {
  id: string
  version: number
  /** Of the cycle when it was asked for. */
  state: string
  at: number
  isOut: boolean
  isOver: boolean
}

function noticesOf(cycle: CycleId, run: RunEvidence, activity: 'notifyFailure' | 'publishNotRefreshed'): Notice[] {
  return askedOf(run, activity).map(({ at, input }) => {
    const { id, state } = input as FailureNotice | NotRefreshedNotice
    const end = run.steps.find((step) => 'askedAt' in step && step.askedAt === at)
    const version = Number(id.slice(toNotRefreshedPrefix(cycle).length).split('.')[1])
    return { id, version, state, at, isOut: end?.kind === 'answered', isOver: end !== undefined }
  })
}

/** Each end without data is told once to consumers, each ERROR once to the owner, each held-up step at most once. */
export function checkNotices(one: CycleEvidence, told: Told | undefined): Look {
  if (fold(one).isCutOff) return []
  return one.runs.flatMap((run) => {
    const owners = noticesOf(one.cycle, run, 'notifyFailure')
    const consumers = noticesOf(one.cycle, run, 'publishNotRefreshed')
    return [
      ...checkEnds(one.cycle, run, owners, consumers),
      ...checkSpells(one.cycle, run, owners),
      ...checkSent(one.cycle, run, owners, told?.owners),
      ...checkSent(one.cycle, run, consumers, told?.consumers),
    ]
  })
}

function checkEnds(cycle: CycleId, run: RunEvidence, owners: Notice[], consumers: Notice[]): Look {
  const moves = new Map(recordsOf(run).flatMap(({ transitions }) => transitions.map((move) => [move.version, move])))
  const inOrder = [...moves.values()].toSorted((a, b) => a.version - b.version)
  return inOrder.flatMap(({ to, version }, at) => {
    if (to !== 'ERROR' && to !== 'SKIPPED' && to !== 'CANCELLED') return []
    const next = inOrder[at + 1]?.version ?? Number.POSITIVE_INFINITY
    const ofIt = (all: Notice[]): Notice[] =>
      all.filter((notice) => notice.state === to && notice.version >= version && notice.version < next)
    return [
      ...count(cycle, `told consumers of its ${to}`, ofIt(consumers), 1),
      ...count(cycle, `told its owner of its ${to}`, ofIt(owners), to === 'ERROR' ? 1 : 0),
    ]
  })
}

function count(cycle: CycleId, what: string, notices: Notice[], wanted: number): Look {
  if (notices.length === wanted) return []
  const says = `${cycle} ${what} ${notices.length} times instead of ${wanted}`
  return [toViolation('I6', cycle, says, notices.map(toLine(cycle)))]
}

/** From the second refusal on a step needs a person, who is told once until it gets on. */
function checkSpells(cycle: CycleId, run: RunEvidence, owners: Notice[]): Look {
  const spells = spellsOf(run)
  return owners
    .filter(({ state }) => state === 'PROCESSING')
    .flatMap((notice, nth, all) => {
      const isOf = (one: Notice, spell: Spell): boolean => {
        const [, second] = spell.refusals
        return second !== undefined && one.at > second.at && one.at < knownOverAt(run, spell)
      }
      const spell = spells.find((spell) => isOf(notice, spell))
      const says = `${cycle} told its owner ${spell ? 'twice of one held-up step' : 'of a step that nothing held up'}`
      const isFirst = spell !== undefined && !all.slice(0, nth).some((earlier) => isOf(earlier, spell))
      return isFirst ? [] : [toViolation('I6', cycle, says, [toLine(cycle)(notice)])]
    })
}

/** A task that hears of the refusal and of the end at once may still have asked for the notice, before all else. */
const knownOverAt = ({ steps }: RunEvidence, { endedAt }: Spell): number =>
  steps.find(
    (step) => endedAt !== null && step.at > endedAt && step.kind === 'asked' && step.activity !== 'notifyFailure',
  )?.at ?? Number.POSITIVE_INFINITY

/** A run closes when its notices are out, and what the history calls out, AWS has taken. */
function checkSent(cycle: CycleId, run: RunEvidence, notices: Notice[], taken: Set<string> | undefined): Look {
  const isClosed = run.status !== 'RUNNING'
  return notices.flatMap((notice) => {
    const { id, isOut, isOver, state } = notice
    // That of a held-up step is given up once the step gets on.
    const isUnsent = isClosed && !isOver && state !== 'PROCESSING'
    const isLost = isOut && taken !== undefined && !taken.has(id)
    if (!isUnsent && !isLost) return []
    const says = isUnsent ? `${cycle} closed before its notice ${id} was out` : `AWS never took the notice ${id}`
    return [toViolation('I6', cycle, says, [toLine(cycle)(notice)])]
  })
}

/** A step refused twice, about which a workflow task that knew of it asked to tell nobody. */
export function checkHeldUp({ cycle, runs }: CycleEvidence, nowMs: number, quietMs: number): Look {
  return runs.flatMap((run) => {
    const told = noticesOf(cycle, run, 'notifyFailure').map(({ at }) => at)
    return spellsOf(run).flatMap(({ step, refusals, endedAt }) => {
      const [, second] = refusals
      if (!second) return []
      const isWithin = (at: number): boolean => at > second.at && at < (endedAt ?? Number.POSITIVE_INFINITY)
      // It may have got on before any task heard of it.
      const isHeard = run.steps.some(({ kind, at }) => kind === 'asked' && isWithin(at))
      const isDue = isHeard || (endedAt === null && run.status === 'RUNNING' && nowMs - second.atMs > quietMs)
      if (!isDue || told.some(isWithin)) return []
      const says = `${cycle} was refused at its step ${step} ${refusals.length} times, and its owner was not told`
      return [
        toViolation(
          'I10',
          cycle,
          says,
          refusals.map(({ at }) => `history of ${cycle}, event ${at}: refused`),
        ),
      ]
    })
  })
}

const toLine =
  (cycle: CycleId) =>
  ({ id, at, state }: Notice): string =>
    `history of ${cycle}, event ${at}: notice ${id}, ${state}`

const toViolation = (invariant: Invariant, cycle: CycleId, says: string, evidence: string[]): Violation => ({
  ...{ invariant, cycle, says, evidence },
})
