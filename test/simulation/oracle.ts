// In: a world that has healed and come to rest. Out: every broken promise, with its number (I1 to I10) and its evidence.
// Read from the fakes' ledgers, the runs of the cycles and the tables. Never: a log; a promise that the product judges.
import type { Cycle } from '../../model/cycle/cycle.ts'
import { type CycleId, type CycleKey, domainOf, type ProductId, toCycleId, toEventId } from '../../model/ids.ts'
import { isLegalMove, isSettled } from '../../model/states.ts'
import type { Run } from './glue.ts'
import { cyclesOf } from './operator.ts'
import type { World } from './world.ts'

interface Story {
  id: CycleId
  /** At the end of each run; the last is where it stands. */
  byRun: Cycle[]
  last: Cycle
  isOpen: boolean
  glueRuns: Run[]
}

export function findViolations(world: World): string[] {
  const stories = tell(world)
  const notQuiet = world.isAtRest ? [] : ['I10: the world did not come to rest']
  return [
    ...notQuiet,
    ...findLost(world),
    ...findMissingCycles(world, stories),
    ...findUntoldPublications(world, stories),
    ...stories.flatMap((story) => [
      ...findFailedTask(world, story),
      ...findJudgedTwice(story),
      ...findInvented(world, story),
      ...findDoubleStarts(story),
      ...findEarlyStarts(world, story),
      ...findWrongEnds(story),
      ...findMirrorGaps(world, story),
      ...findHistoryGaps(world, story),
      ...findStuck(world, story),
    ]),
  ]
}

/** Of the dates that the world is about; while it comes to rest, the scheduler opens later ones. */
const tell = (world: World): Story[] =>
  cyclesOf(world)
    .filter(({ cycle }) => world.mesh.keys.includes(cycle.input.key))
    .map(({ id, runs, cycle }) => ({
      id: id as CycleId,
      byRun: runs.flatMap((run) => (run.queries.get('cycle')?.() as Cycle | undefined) ?? []),
      last: cycle,
      isOpen: runs.at(-1)?.isOpen ?? false,
      glueRuns: [...world.glues.values()]
        .flatMap(({ runs }) => runs)
        .filter((run) => run.arguments['--sluice_workflow_id'] === id),
    }))

/** I1: each event that reached a domain's queue has its row, and one outcome for each cycle that waits for it. */
function findLost({ bus, mesh, tables }: World): string[] {
  const ofThisWorld = bus.visible.filter(({ event }) => mesh.keys.includes(event.key))
  return ofThisWorld.flatMap(({ domain, event }) => {
    const waiting = mesh.definitions.filter(
      ({ product, dependsOn }) =>
        domainOf(product) === domain && dependsOn.some((edge) => edge.product === event.product),
    )
    if (waiting.length === 0) return []
    const row = tables.ledger.get(`${domain} ${event.eventId}`)
    if (!row) return [`I1: ${event.eventId} is in no ledger row of ${domain}`]
    if (event.kind !== 'refreshed') return []
    return waiting
      .map(({ product }) => toCycleId(product, event.key))
      .filter((cycle) => !tables.deliveries.has(`${domain} ${event.eventId} ${cycle} ${event.product}`))
      .map((cycle) => `I1: ${event.eventId} has no outcome for ${cycle}`)
  })
}

const findMissingCycles = ({ mesh }: World, stories: Story[]): string[] =>
  mesh.definitions
    .flatMap(({ product }) => mesh.keys.map((key) => toCycleId(product, key)))
    .filter((cycle) => !stories.some(({ id }) => id === cycle))
    .map((cycle) => `I10: ${cycle} was never opened`)

/** An error that is no failure of the cycle's own would fail a workflow task for ever. */
const findFailedTask = ({ server }: World, { id }: Story): string[] =>
  (server.runsOf.get(id) ?? [])
    .filter(({ failure }) => failure !== null && (failure as { type?: string }).type !== 'CycleFailed')
    .map(({ failure }) => `I13: a task of ${id} fails for ever: ${failure?.stack ?? String(failure)}`)

/** I1: a run of a cycle gives each event one outcome, however often it comes. */
const findJudgedTwice = ({ id, byRun }: Story): string[] =>
  byRun.flatMap(({ deliveries }) => {
    const events = deliveries.map(({ eventId }) => eventId)
    return events
      .filter((eventId, at) => events.indexOf(eventId) < at)
      .map((eventId) => `I1: ${id} judged ${eventId} twice`)
  })

/** I2: what arrived was published, by that product for that cycle. */
const findInvented = ({ bus }: World, { id, byRun }: Story): string[] =>
  byRun
    .flatMap(({ dependencies }) => dependencies)
    .filter(({ arrival }) => arrival !== null)
    .filter(
      ({ product, key, arrival }) =>
        !bus.published.some((one) => one.eventId === arrival?.eventId && one.product === product && one.key === key),
    )
    .map(({ arrival }) => `I2: ${id} took ${arrival?.eventId}, which nobody published for it`)

/** I3: one run for each attempt, and no more attempts than the definition and the reruns ask for. */
function findDoubleStarts({ id, byRun, last, glueRuns }: Story): string[] {
  const byAttempt = Map.groupBy(glueRuns, (run) => run.arguments['--sluice_attempt'])
  const doubled = [...byAttempt].filter(([, runs]) => runs.length > 1)
  const reruns = byRun.flatMap(({ actions }) => actions).filter(({ refused }) => refused === null).length
  const most = last.input.definition.run.attempts * (1 + reruns)
  return [
    ...doubled.map(([attempt, runs]) => `I3: ${id} attempt ${attempt} was started ${runs.length} times`),
    ...(byAttempt.size > most ? [`I3: ${id} used ${byAttempt.size} attempts of ${most}`] : []),
  ]
}

/** I4: each run started after every upstream was published, or after the cutoff that says `run-without`. */
const findEarlyStarts = ({ bus }: World, { id, last, glueRuns }: Story): string[] =>
  glueRuns.flatMap((run) => {
    const { definition, expected, cutoffMs, notBeforeMs } = last.input
    const isCutOff = definition.cutoff?.then === 'run-without' && cutoffMs !== null && run.startedAtMs >= cutoffMs
    const missing = expected.filter((one) => !isPublished(bus.published, one, run.startedAtMs))
    return [
      ...(missing.length > 0 && !isCutOff
        ? [`I4: ${id} started before ${missing.map(({ product }) => product).join(', ')}`]
        : []),
      ...(notBeforeMs !== null && run.startedAtMs < notBeforeMs ? [`I4: ${id} started before its time`] : []),
    ]
  })

const isPublished = (
  published: World['bus']['published'],
  { product, key }: { product: ProductId; key: CycleKey },
  byMs: number,
): boolean =>
  published.some((one) => one.kind === 'refreshed' && one.product === product && one.key === key && one.atMs <= byMs)

/** I5: COMPLETED exactly when the last attempt's run succeeded; ERROR(run) exactly when it did not. */
function findWrongEnds({ id, last, glueRuns }: Story): string[] {
  const end = glueRuns.find((run) => run.arguments['--sluice_attempt'] === String(last.lastAttempt))?.state
  if (last.state === 'COMPLETED' && end !== 'SUCCEEDED') return [`I5: ${id} COMPLETED, its last run ${end}`]
  if (last.state === 'ERROR' && last.step === 'run' && (end === 'SUCCEEDED' || end === 'RUNNING'))
    return [`I5: ${id} ERROR, its last run ${end}: ${last.reason}`]
  return []
}

/** I6: each completion is published under the one id of its revision, and nothing else is. */
function findUntoldPublications({ bus, mesh }: World, stories: Story[]): string[] {
  const due = new Set(stories.flatMap(({ id, byRun }) => completions(byRun).map((_, at) => toEventId(id, at + 1))))
  const told = new Set(
    bus.published
      .filter(
        ({ kind, product, key }) => kind === 'refreshed' && domainOf(product) !== 'raw' && mesh.keys.includes(key),
      )
      .map((one) => one.eventId),
  )
  return [
    ...[...due].filter((one) => !told.has(one)).map((one) => `I6: ${one} was never published`),
    ...[...told]
      .filter((one) => !due.has(one))
      .map((one) => `I6: ${one} was published, and no completion stands for it`),
  ]
}

const transitionsOf = (byRun: Cycle[]) =>
  byRun.flatMap(({ runNumber, transitions }) => transitions.map((one) => ({ ...one, runNumber })))
const completions = (byRun: Cycle[]) => transitionsOf(byRun).filter(({ to }) => to === 'COMPLETED')

/** I7: the mirror says what the cycle says. */
function findMirrorGaps({ tables }: World, { id, last }: Story): string[] {
  const row = tables.status.get(id)
  if (!row) return [`I7: the mirror has no row of ${id}`]
  const found = [row['state'], row['step'], row['runNumber'], row['version'], row['lastAttempt'], row['revision']]
  const expected = [last.state, last.step, last.runNumber, last.version, last.lastAttempt, last.revision]
  const inputs = last.dependencies.flatMap(({ product, key, state, arrival }) => {
    const held = tables.dependencies.get(`${id} ${product} ${key}`)
    const isSame = held?.['state'] === state && (held['event_id'] ?? null) === (arrival?.eventId ?? null)
    return isSame ? [] : [`I7: ${id} has ${product} ${state}, the mirror ${String(held?.['state'])}`]
  })
  const isSame = JSON.stringify(found) === JSON.stringify(expected)
  return [...(isSame ? [] : [`I7: ${id} is ${expected.join(' ')}, the mirror says ${found.join(' ')}`]), ...inputs]
}

/** I8, I9: each move once, in order, legal, joined to the one before. */
function findHistoryGaps({ tables }: World, { id, byRun, last }: Story): string[] {
  const moves = transitionsOf(byRun)
  const written = [...tables.history.values()].filter(({ cycle }) => cycle === id)
  const isWritten = moves.every(({ runNumber, version, to }) =>
    written.some((row) => row['runNumber'] === runNumber && row['version'] === version && row['to_state'] === to),
  )
  const broken = moves.filter(
    ({ from, to }, at) => from !== (moves[at - 1]?.to ?? null) || (from !== null && !isLegalMove(from, to)),
  )
  return [
    ...(isWritten && written.length === moves.length
      ? []
      : [`I9: ${id} moved ${moves.length} times, ${written.length} are written`]),
    ...broken.map(({ from, to }) => `I8: ${id} moved from ${from} to ${to} out of turn`),
    ...(moves.at(-1)?.to === last.state ? [] : [`I8: ${id} is ${last.state} without a move to it`]),
  ]
}

/** I10: none waits for what is there; none is at work for ever; what failed and could be rerun was mended. */
function findStuck({ bus, time }: World, { id, last, isOpen }: Story): string[] {
  const isWaiting = last.state === 'WAITING' || (last.state === 'ERROR' && last.step === 'wait')
  const hasAll = last.input.expected.every((one) => isPublished(bus.published, one, time.nowMs()))
  if (isWaiting && hasAll && isOpen) return [`I10: ${id} is ${last.state}, and all it needs was published`]
  if (last.state === 'PROCESSING') return [`I10: ${id} is PROCESSING for ever`]
  if (isSettled(last.state) && isOpen) return [`I10: ${id} is ${last.state} and its run does not close`]
  return []
}
