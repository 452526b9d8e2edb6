// What reruns ask of others, judged by evidence at rest: cascades and reruns that publish nothing. Out: what broke, in words. Pure.
// Never: blames a consumer that an operator ended, that a newer definition turned away, or that the word could not reach.
import type { Attempt } from '../../model/cycle/attempt.ts'
import type { OperatorAction } from '../../model/cycle/cycle.ts'
import { joinCascades } from '../../model/cycle/corrections.ts'
import { SLUICE } from '../../model/cycle/revisions.ts'
import type { ProductDefinition } from '../../model/definition.ts'
import { runsAgainFor } from '../../model/dependencies.ts'
import { type CycleId, domainOf, parseCycleId, type ProductId, toCycleId, toEventId } from '../../model/ids.ts'
import type { Cascade, Publication } from '../../model/refresh-event.ts'
import type { CycleEvidence, Evidence } from '../../verify/evidence.ts'
import { askedOf, broughtTo, fold, type Folded } from '../../verify/fold.ts'

type Published = Publication & { atMs: number }

interface Told {
  one: CycleEvidence
  folded: Folded
  product: ProductId
  /** Of each revision that it came to, what it told with it; oldest first. */
  published: Published[]
  /** By attempt: what it reads, by upstream cycle. */
  read: Map<number, Map<CycleId, number>>
}

export function checkCascades(evidence: Evidence): string[] {
  const all = new Map(evidence.cycles.map((one) => [one.cycle, tell(one)]))
  return [...all.values()].flatMap((told) => [
    ...checkAsked(told, all),
    ...checkReach(told, all, evidence),
    ...checkOwnReruns(told, all),
    ...checkUnpublished(told),
  ])
}

/** For coverage: what was asked, what came of it, and what could not reach anybody. */
export function cascadesIn(evidence: Evidence): string[] {
  const all = new Map(evidence.cycles.map((one) => [one.cycle, tell(one)]))
  return [...all.values()].flatMap((told) => [
    ...told.published.flatMap(({ cascade }) =>
      cascade ? [`a publication that cascades to ${cascade === 'all' ? 'all' : 'some'}`] : [],
    ),
    ...ownReruns(told, all).map(({ by }) => `a cycle ran again by itself for ${by}`),
    ...told.folded.attempts.filter(isDone).map(() => 'an attempt that told nobody'),
  ])
}

function tell(one: CycleEvidence): Told {
  const folded = fold(one)
  const asked = one.runs.flatMap((run) =>
    askedOf(run, 'publishRefreshEvent').map(({ input, atMs }) => ({ ...(input as Publication), atMs })),
  )
  const last = new Map(asked.filter(({ revision }) => revision <= folded.revision).map((it) => [it.revision, it]))
  const read = new Map(
    folded.attempts.map(({ number, inputs = [] }) => [
      number,
      new Map(inputs.map(({ product, cycle, revision }) => [toCycleId(product, cycle), revision])),
    ]),
  )
  const { product } = parseCycleId(one.cycle) as { product: ProductId }
  return { one, folded, product, published: [...last.values()], read }
}

const isDone = ({ isUnpublished, end }: Attempt): boolean => isUnpublished === true && end?.state === 'SUCCEEDED'

const rerunsIn = ({ folded }: Told): OperatorAction[] =>
  folded.actions.filter(({ action, refused }) => action === 'rerun' && refused === null)

/** A publication asks for what was asked for since the attempt before it that was heard, no less and no more. */
function checkAsked(told: Told, all: Map<CycleId, Told>): string[] {
  const { one, folded, published } = told
  const silent = folded.attempts.filter(isDone).map(({ number }) => number)
  return published.flatMap(({ attempt, cascade, revision }) => {
    const earlier = [...silent, ...published.map((other) => other.attempt)].filter((number) => number < attempt)
    const since = Math.max(0, ...earlier)
    const asked = joinCascades(
      rerunsIn(told)
        .filter((action) => Number(action.attempt) > since && Number(action.attempt) <= attempt)
        .map((action) => action.asked?.cascade),
    )
    const id = toEventId(one.cycle, revision)
    const allowed = joinCascades([asked, ...takenIn(told, all, since, attempt)])
    return [
      ...(isWithin(asked, cascade) ? [] : [`${id} asks ${words(cascade)}, though ${words(asked)} was asked for`]),
      ...(isWithin(cascade, allowed)
        ? []
        : [`${id} asks ${words(cascade)}, and nobody asked for more than ${words(allowed)}`]),
    ]
  })
}

const words = (cascade: Cascade | undefined): string => (cascade ? String(cascade) : 'nobody')

const isWithin = (one: Cascade | undefined, other: Cascade | undefined): boolean => {
  if (one === undefined || other === 'all') return true
  return one !== 'all' && other !== undefined && one.every((product) => other.includes(product))
}

/** What the refreshes of its own domain asked that the attempts after `since` read newly. */
function takenIn({ read, product }: Told, all: Map<CycleId, Told>, since: number, until: number) {
  const before = read.get(since) ?? new Map<CycleId, number>()
  const now = read.get(until) ?? new Map<CycleId, number>()
  return [...now].flatMap(([upstream, revision]) => {
    if (domainOf(upstream) !== domainOf(product)) return []
    const published = all.get(upstream)?.published ?? []
    return published
      .filter((other) => other.revision > (before.get(upstream) ?? 0) && other.revision <= revision)
      .map(({ cascade }) => cascade)
  })
}

/** Whoever it names, of its domain, and had used an older revision has read this one. */
function checkReach(told: Told, all: Map<CycleId, Told>, evidence: Evidence): string[] {
  const { one, published } = told
  return published.flatMap(({ cascade, revision, atMs }) => {
    if (!cascade) return []
    return [...all.values()].flatMap((consumer) => {
      const { product, read } = consumer
      const isNamed = cascade === 'all' || cascade.includes(product)
      if (!isNamed || product === told.product || domainOf(product) !== domainOf(told.product)) return []
      const used = [...read].flatMap(([number, inputs]) => (inputs.has(one.cycle) ? [{ number, inputs }] : []))
      const older = used.filter(({ inputs }) => Number(inputs.get(one.cycle)) < revision)
      const hasRead = used.some(({ inputs }) => Number(inputs.get(one.cycle)) >= revision)
      if (older.length === 0 || hasRead) return []
      const event = { eventId: toEventId(one.cycle, revision), upstream: told.product, atMs }
      return isExcused(consumer, event, evidence)
        ? []
        : [`${event.eventId} cascades to ${consumer.one.cycle}, which has not run on it`]
    })
  })
}

interface Event {
  eventId: string
  upstream: ProductId
  atMs: number
}

function isExcused({ one, folded, product, read }: Told, event: Event, { definitions }: Evidence): boolean {
  const state = folded.last?.snapshot.state
  if (state === 'CANCELLED' || state === 'SKIPPED') return true
  const last = one.runs.at(-1)
  const present = definitions.find(({ definition }) => definition.product === product)
  // Its last attempt did without, or a newer version may want what it never had: a person's choice.
  const isElsewhere = ![...(read.get(folded.last?.snapshot.lastAttempt ?? 0)?.keys() ?? [])].some((id) =>
    event.eventId.startsWith(`${id}/`),
  )
  const isReplaced = present !== undefined && last !== undefined && last.input.definitionVersion < present.version
  // Somebody ended its wait to run again.
  const isEnded = one.runs.some(
    (run) => run.status === 'CANCELLED' && (run.steps.at(-1)?.atMs ?? run.startedAtMs) >= event.atMs,
  )
  const isStopped = folded.actions.some(({ action, atMs }) => action === 'cancel' && atMs >= event.atMs)
  return isElsewhere || isReplaced || isEnded || isStopped || isLost(one, folded, event)
}

/** The bus lost it, and no tick told of it: what ignores corrections is not told again, and of what another overtook only that. */
function isLost(one: CycleEvidence, { deliveries }: Folded, { eventId }: Event): boolean {
  const isTold = one.runs.flatMap(broughtTo).some(({ arrival }) => arrival.eventId === eventId)
  return !isTold && !deliveries.some((delivery) => delivery.eventId === eventId)
}

/** What ran again by itself did so for an input whose corrections it wants, or that named it within the domain. */
const checkOwnReruns = (told: Told, all: Map<CycleId, Told>): string[] =>
  ownReruns(told, all)
    .filter(({ by }) => by === 'nothing')
    .map(({ attempt }) => `attempt ${attempt} of ${told.one.cycle} ran by itself, and it wants none of what was new`)

interface OwnRerun {
  attempt: number
  by: 'its definition' | 'a cascade' | 'nothing'
}

function ownReruns({ one, folded, read }: Told, all: Map<CycleId, Told>): OwnRerun[] {
  const own = folded.actions.filter(({ actor, action, refused }) => [actor, action].join() === BY_ITSELF && !refused)
  return own.flatMap(({ attempt }) => {
    const [before, now] = [Number(attempt) - 1, Number(attempt)].map((number) => read.get(number))
    if (!before || !now) return []
    const rises = [...now].filter(([upstream, revision]) => revision > (before.get(upstream) ?? 0))
    const isWanted = (isAsked: boolean): boolean =>
      rises.some(([upstream, revision]) => {
        const { product } = parseCycleId(upstream) as { product: ProductId }
        const published = all.get(upstream)?.published ?? []
        const newer = published.filter((it) => it.revision > (before.get(upstream) ?? 0) && it.revision <= revision)
        const cascade = isAsked ? joinCascades(newer.map((it) => it.cascade)) : undefined
        return definitionsOf(one).some((definition) =>
          runsAgainFor(definition, { product, ...(cascade && { cascade }) }),
        )
      })
    return [
      { attempt: Number(attempt), by: isWanted(false) ? 'its definition' : isWanted(true) ? 'a cascade' : 'nothing' },
    ]
  })
}

const BY_ITSELF = `${SLUICE},rerun`

/** All that its runs went by. */
const definitionsOf = ({ runs }: CycleEvidence): ProductDefinition[] =>
  runs.flatMap(({ input, changed = [] }) => [input.definition, ...changed.map(({ definition }) => definition)])

/** From when a person said so, no event tells of that attempt. */
function checkUnpublished(told: Told): string[] {
  const { one, folded } = told
  const asked = one.runs.flatMap((run) =>
    askedOf(run, 'publishRefreshEvent').map(({ input, atMs }) => ({ ...(input as Publication), atMs })),
  )
  return folded.attempts.flatMap(({ number, isUnpublished }) => {
    if (!isUnpublished) return []
    const sinceMs = rerunsIn(told).findLast(
      ({ asked, attempt }) => asked?.publish === false && Number(attempt) <= number,
    )?.atMs
    const broken = asked.filter(({ attempt, atMs }) => attempt === number && atMs >= (sinceMs ?? 0))
    return broken.map(
      ({ revision }) => `attempt ${number} of ${one.cycle} was to tell nobody, and published r${revision}`,
    )
  })
}
