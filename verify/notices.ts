// What people and consumers are told when a cycle fails or is held up. In: evidence. Out: for I6, notices that were lost,
// repeated or unasked; for I10, refused steps that nobody was told of. Pure.
// Never: asks of a cycle that was ended from outside what only a whole one can show; a retried send taken for a second notice.
import type { OperatorAction } from '../model/cycle/cycle.ts'
import { mayPage } from '../model/cycle/outgoing.ts'
import { type CycleId, toNotRefreshedPrefix } from '../model/ids.ts'
import type { FailureNotice, NotRefreshedNotice } from '../workflows/contract.ts'
import type { CycleEvidence, RunEvidence } from './evidence.ts'
import { askedOf, fold, recordsOf } from './fold.ts'
import { type Spell, spellsOf } from './refusals.ts'
import { checkAlien, type Taken, type Told } from './told.ts'
import type { Invariant, Look, Violation } from './verdict.ts'

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

/** Each end without data is told once to consumers, each ERROR once to the owner but of a backfill, each held-up step at most once. */
export function checkNotices(one: CycleEvidence, told: Told | undefined): Look {
  const { cycle, runs } = one
  const asked = runs.map((run) => ({
    ...{ run, owners: noticesOf(cycle, run, 'notifyFailure') },
    consumers: noticesOf(cycle, run, 'publishNotRefreshed'),
  }))
  const ownersTold = told && (told.owners.get(cycle) ?? [])
  const consumersTold = told && (told.consumers.get(cycle) ?? [])
  const idsOf = (who: 'owners' | 'consumers'): string[] => asked.flatMap((of) => of[who].map(({ id }) => id))
  const aliens = [
    ...checkAlien(cycle, idsOf('owners'), ownersTold),
    ...checkAlien(cycle, idsOf('consumers'), consumersTold),
  ]
  if (fold(one).isCutOff) return aliens
  const looks = asked.flatMap(({ run, owners, consumers }) => [
    ...checkEnds(cycle, run, owners, consumers),
    ...checkSpells(cycle, run, owners),
    ...checkSent(cycle, run, owners, ownersTold),
    ...checkSent(cycle, run, consumers, consumersTold),
  ])
  return [...aliens, ...looks]
}

/** A move that is told of, with the notices that tell of it. */
interface End {
  to: string
  version: number
  owners: Notice[]
  consumers: Notice[]
}

function checkEnds(cycle: CycleId, run: RunEvidence, owners: Notice[], consumers: Notice[]): Look {
  const ends = endsOf(run, owners, consumers)
  const told = new Set(ends.flatMap((end) => [...end.owners, ...end.consumers]))
  // Of an open run moves may not be written yet: of them nothing is known.
  const known =
    run.status === 'RUNNING' ? Math.max(0, ...recordsOf(run).map(({ version }) => version)) : Number.POSITIVE_INFINITY
  const ofMoves = [...owners.filter(({ state }) => state !== 'PROCESSING'), ...consumers]
  const unasked = ofMoves.filter((notice) => !told.has(notice) && !(notice.version > known))
  return [
    ...ends.flatMap(({ to, version, ...of }) => [
      ...count(cycle, `told consumers of its ${to}`, of.consumers, 1),
      ...count(cycle, `told its owner of its ${to}`, of.owners, to === 'ERROR' && mayPageAt(run, version) ? 1 : 0),
    ]),
    ...unasked.map((notice) =>
      toViolation('I6', cycle, `${cycle} told of a ${notice.state} that no move led to`, [toLine(cycle)(notice)]),
    ),
  ]
}

/** Not of a backfill, nor of what one has made its own. */
const mayPageAt = (run: RunEvidence, version: number): boolean =>
  mayPage(run.input) && version < (takenOverBy(run)?.version ?? Number.POSITIVE_INFINITY)

const takenOverBy = (run: RunEvidence): OperatorAction | undefined =>
  recordsOf(run)
    .flatMap(({ actions }) => actions)
    .find(({ asked, refused }) => asked?.backfill && refused === null)

function endsOf(run: RunEvidence, owners: Notice[], consumers: Notice[]): End[] {
  const moves = new Map(recordsOf(run).flatMap(({ transitions }) => transitions.map((move) => [move.version, move])))
  const inOrder = [...moves.values()].toSorted((a, b) => a.version - b.version)
  return inOrder.flatMap(({ to, version }, at) => {
    if (to !== 'ERROR' && to !== 'SKIPPED' && to !== 'CANCELLED') return []
    const next = inOrder[at + 1]?.version ?? Number.POSITIVE_INFINITY
    const ofIt = (all: Notice[]): Notice[] =>
      all.filter((notice) => notice.state === to && notice.version >= version && notice.version < next)
    return [{ to, version, owners: ofIt(owners), consumers: ofIt(consumers) }]
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
function checkSent(cycle: CycleId, run: RunEvidence, notices: Notice[], taken: Taken[] | undefined): Look {
  const ids = taken && new Set(taken.map(({ id }) => id))
  const isClosed = run.status !== 'RUNNING'
  return notices.flatMap((notice) => {
    const { id, isOut, isOver, state } = notice
    // That of a held-up step is given up once the step gets on.
    const isUnsent = isClosed && !isOver && state !== 'PROCESSING'
    const isLost = isOut && ids !== undefined && !ids.has(id)
    if (!isUnsent && !isLost) return []
    const says = isUnsent ? `${cycle} closed before its notice ${id} was out` : `AWS never took the notice ${id}`
    return [toViolation('I6', cycle, says, [toLine(cycle)(notice)])]
  })
}

/** A step refused twice, about which a workflow task that knew of it asked to tell nobody. */
export function checkHeldUp({ cycle, runs }: CycleEvidence, nowMs: number, quietMs: number): Look {
  return runs.flatMap((run) => {
    if (!mayPage(run.input)) return []
    const told = noticesOf(cycle, run, 'notifyFailure').map(({ at }) => at)
    const takenOverAtMs = takenOverBy(run)?.atMs ?? Number.POSITIVE_INFINITY
    return spellsOf(run).flatMap(({ step, refusals, endedAt }) => {
      const [, second] = refusals
      if (!second || second.atMs >= takenOverAtMs) return []
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
