// One scenario on the real stack. Its instants come one after the other, as fast as the machine gets through each; those
// that a cycle has a timer for are put on the machine's clock. In: the order of a simulation. Out: its answer, in the
// same shape. Never: an instant before all that the last one led to is done; a timer that goes off in between.
import { setTimeout as pause } from 'node:timers/promises'
import type { Message } from '@aws-sdk/client-sqs'
import { createScheduling } from '../../activities/scheduling.ts'
import { handleBatch } from '../../bridge/handle-batch.ts'
import { dueAtMs, dueKeys } from '../../model/calendar/cycles.ts'
import { firstDateOf } from '../../model/calendar/due.ts'
import { buildIndex, type DomainCatalog, type RoutingIndex } from '../../model/calendar/routing.ts'
import { startOfDayMs } from '../../model/calendar/wall-time.ts'
import type { GlueRunEnd } from '../../model/cycle/attempt.ts'
import { type Cycle, type CycleInput, isUnbegun } from '../../model/cycle/cycle.ts'
import { decideNext } from '../../model/cycle/decide.ts'
import { type CycleKey, type Domain, domainOf, parseCycleId, toCycleId } from '../../model/ids.ts'
import type { EventFact, RunFact } from '../../model/simulate/facts.ts'
import { byProductAndKey, type CycleRow, type EventRow, toCycleRow, toSimulated } from '../../model/simulate/report.ts'
import type { SimulationOrder } from '../../model/simulate/world.ts'
import { CYCLE_QUERY, type GlueOrder } from '../../workflows/contract.ts'
import { eventually } from './eventually.ts'
import { toBatchParts, toEntry } from './scenarios-bridge.ts'
import type { Entry, ScenarioStage } from './scenarios-stage.ts'
import { listTimers, mapTimes } from './scenarios-timers.ts'

/** Between two timers all that happens must be through; on a machine that is too slow for that the next try takes longer. */
const STEPS_MS = [12_000, 40_000]
const NEVER_MS = 86_400_000

export interface Played {
  cycles: CycleRow[]
  events: EventRow[]
  /** What the job was given: `raw/rd1 2026-11-20`, by cycle. */
  inputs: Record<string, string[]>
}

/** The consumers' domain under a name of its own, so that scenarios share server and database. */
function renamed<Value>(value: Value, from: string, to: string): Value {
  return JSON.parse(JSON.stringify(value).replaceAll(new RegExp(`\\b${from}\\b(?=[/"])`, 'g'), to)) as Value
}

export async function play(stage: ScenarioStage, order: SimulationOrder, domain: string): Promise<Played> {
  const events = order.facts.filter((fact): fact is EventFact => fact.kind === 'event')
  const driven = new Set(events.map(({ arrival }) => arrival.product))
  const own = order.catalogs.find((catalog) => catalog.domain.domain === 'd1')
  if (!own) throw new Error('A scenario has its products in d1.')
  const rest = order.catalogs.flatMap(({ products }) => products.map(({ definition }) => definition.product))
  const alone = rest.filter((product) => domainOf(product) !== 'd1' && !driven.has(product))
  if (alone.length > 0) throw new Error(`Without events and not in d1: ${alone.join(', ')}`)
  for (const stepMs of STEPS_MS) {
    // What an earlier try left open goes on in its own domain.
    const name = `${domain}x${stepMs}`
    const run = new ScenarioRun(stage, renamed(own, 'd1', name), { order: renamed(order, 'd1', name), stepMs })
    const answer = await run.play(events)
    if (answer !== 'too-slow') return renamed(answer, name, 'd1')
  }
  throw new Error(`${domain}: this machine is too slow`)
}

class ScenarioRun {
  private readonly stage: ScenarioStage
  private readonly index: RoutingIndex
  private readonly order: SimulationOrder
  private readonly domain: Domain
  private readonly timers: number[]
  private readonly stepMs: number
  private readonly begins: { virtualMs: number; realMs: number }[] = []
  private readonly open = new Set<string>()
  private readonly all = new Set<string>()
  private readonly inputs: Record<string, string[]> = {}
  private readonly results: RunFact[]
  private baseMs = 0
  private nowMs = 0
  private messages = 0

  constructor(stage: ScenarioStage, catalog: DomainCatalog, given: { order: SimulationOrder; stepMs: number }) {
    const { order, stepMs } = given
    this.stage = stage
    this.stepMs = stepMs
    this.index = buildIndex(catalog)
    this.order = order
    this.domain = catalog.domain.domain
    this.timers = listTimers(order)
    this.results = order.facts
      .filter((fact): fact is RunFact => fact.kind === 'run')
      .sort((one, other) => one.atMs - other.atMs)
  }

  async play(events: EventFact[]): Promise<Played | 'too-slow'> {
    const { endMs } = this.order
    this.stage.places.set(this.domain, {
      toReal: (input) => this.toReal(input),
      opened: (id) => void (this.all.has(id) || (this.all.add(id), this.open.add(id))),
      carry: (entry) => this.receive([entry]),
      started: (started) => this.started(started),
      endOf: (id) => this.endOf(id),
    })
    const played = events.filter(({ atMs }) => atMs < endMs)
    const dues = this.listDues()
    const instants = [...dues, ...played.map(({ atMs }) => atMs), ...this.timers]
    this.baseMs = Date.now()
    for (const atMs of [...new Set(instants)].sort((one, other) => one - other)) {
      if (this.isTooLateFor(atMs)) return 'too-slow'
      await this.begin(atMs)
      if (dues.includes(atMs)) await this.openDue(atMs)
      await Promise.all(played.filter((event) => event.atMs === atMs).map((event) => this.receive([toEntry(event)])))
      await this.untilQuiet()
    }
    return this.answer(events)
  }

  /** The timer that comes next has gone off before all that is to happen before it. */
  private isTooLateFor(atMs: number): boolean {
    const next = this.timers.findIndex((other) => other >= atMs)
    return next >= 0 && Date.now() >= this.realOf(next)
  }

  private async begin(atMs: number): Promise<void> {
    const timer = this.timers.indexOf(atMs)
    const realMs = timer < 0 ? Date.now() : this.realOf(timer)
    if (timer >= 0) await pause(Math.max(0, realMs - Date.now()))
    this.begins.push({ virtualMs: atMs, realMs })
    this.nowMs = atMs
    await this.untilQuiet()
  }

  private readonly realOf = (timer: number): number => this.baseMs + (timer + 1) * this.stepMs

  private openDue(atMs: number): Promise<unknown> {
    const scheduling = createScheduling({
      ...{ temporal: this.stage.client, settings: this.order.settings, loadIndex: async () => this.index },
      warn: (message, facts) => {
        throw new Error(`${message}: ${JSON.stringify(facts)}`)
      },
    })
    return scheduling.openDueCycles({ domain: this.domain, atMs }).then(() => this.untilQuiet())
  }

  /** A batch of its own each, so that what comes at one instant comes at once, as to several bridges. */
  private async receive(entries: Entry[]): Promise<void> {
    const { domain, index, stage } = this
    const { staying } = await handleBatch(
      toBatchParts({ domain, index, stage, settings: this.order.settings, nowMs: () => this.nowMs }),
      entries.map((entry) => this.toMessage(entry)),
    )
    if (staying.length > 0) throw new Error(JSON.stringify(staying.map(({ later }) => String(later.error))))
  }

  private toMessage({ Source: source, DetailType, Detail = '{}' }: Entry): Message {
    this.messages += 1
    const account = this.index.catalog.accounts[source?.split('.')[1] ?? '']
    const envelope = { version: '0', id: `message-${this.messages}`, 'detail-type': DetailType, source, account }
    const rest = { time: new Date(this.nowMs).toISOString(), region: 'us-east-1', resources: [] }
    return {
      MessageId: `${this.domain}-${this.messages}`,
      Body: JSON.stringify({ ...envelope, ...rest, detail: JSON.parse(Detail) }),
    }
  }

  private started({ cycle, arguments: given }: GlueOrder): void {
    const inputs = JSON.parse(given['--sluice_inputs'] ?? '[]') as { product: string; cycle: string }[]
    this.inputs[cycle] = inputs.map(({ product, cycle: key }) => `${product} ${key}`)
  }

  private endOf(id: string): Pick<GlueRunEnd, 'state' | 'error'> {
    const at = this.results.findIndex((one) => toCycleId(one.product, one.key) === id && one.atMs <= this.nowMs)
    const [told] = at < 0 ? [] : this.results.splice(at, 1)
    if (!told || told.result === 'SUCCEEDED') return { state: 'SUCCEEDED', error: null }
    return { state: told.result, error: `as line ${told.line} says` }
  }

  /** Every instant that the model resolved for the cycle, on this machine's clock. */
  private toReal(input: CycleInput): CycleInput {
    const map = (atMs: number): number => {
      const timer = this.timers.indexOf(atMs)
      if (timer >= 0) return this.realOf(timer)
      if (atMs >= this.order.endMs) return this.baseMs + NEVER_MS
      throw new Error(`${input.product}/${input.key} has a timer at ${new Date(atMs).toISOString()}, unlike simulated`)
    }
    const mapped = (atMs: number | null): number | null => (atMs === null ? null : map(atMs))
    return {
      ...input,
      ...{ notBeforeMs: mapped(input.notBeforeMs), cutoffMs: mapped(input.cutoffMs) },
      availableByMs: mapped(input.availableByMs),
      ...(input.condition && { condition: mapTimes(input.condition, map) }),
    }
  }

  private listDues(): number[] {
    const { catalog, timetable } = this.index
    const { calendars } = timetable
    const { endMs: toMs } = this.order
    return catalog.products.flatMap((version) => {
      const fromMs = startOfDayMs(firstDateOf(version), version.definition.timezone)
      const keys = dueKeys(calendars, version.definition, { fromMs, toMs })
      return keys.map((key) => dueAtMs(calendars, version.definition, key))
    })
  }

  /** Twice in a row nothing under way: one cycle may tell another while that is looked at. */
  private async untilQuiet(): Promise<void> {
    let quiet = 0
    await eventually(
      `${this.domain} is quiet`,
      async () => {
        const busy = (await Promise.all([...this.open].map((id) => this.whyBusy(id)))).filter((why) => why !== null)
        quiet = busy.length === 0 ? quiet + 1 : 0
        return { quiet, busy }
      },
      (found) => found.quiet >= 2,
    )
  }

  private async whyBusy(id: string): Promise<string | null> {
    const handle = this.stage.client.workflow.getHandle(id)
    const cycle = await handle.query<Cycle>(CYCLE_QUERY)
    const { raw, status } = await handle.describe()
    if (status.name === 'COMPLETED') {
      this.open.delete(id)
      return null
    }
    if (status.name !== 'RUNNING') return `${id} is ${status.name}`
    const next = decideNext(cycle, Date.now())
    if (next.kind !== 'wait') return `${id} will ${next.kind}`
    const pending = (raw.pendingActivities ?? []).map(({ activityType }) => activityType?.name)
    if (pending.length > 0) return `${id} asks ${pending.join()}`
    return raw.pendingWorkflowTask ? `${id} has a task` : null
  }

  private async answer(events: EventFact[]): Promise<Played> {
    const cycles = await Promise.all(
      [...this.all].map((id) => this.stage.client.workflow.getHandle(id).query<Cycle>(CYCLE_QUERY)),
    )
    const rows = cycles
      .toSorted((one, other) => byProductAndKey(one.input, other.input))
      .map((cycle) => this.toRow(cycle))
    return { cycles: rows, events: await this.outcomes(events, cycles), inputs: this.inputs }
  }

  private toRow(cycle: Cycle): CycleRow {
    const version = this.index.current.get(cycle.input.product)
    if (!version) throw new Error(`No definition of ${cycle.input.product}`)
    const row = toCycleRow(toSimulated({ cycle, version, timetable: this.index.timetable, before: undefined }))
    const back = (at: string | null): string | null => at && this.toVirtual(Date.parse(at))
    return {
      ...row,
      ...{ startedAt: back(row.startedAt), completedAt: back(row.completedAt), openedAt: back(row.openedAt) ?? '' },
      reason: isUnbegun(cycle) && cycle.state === 'WAITING' ? null : row.reason,
      dependencies: row.dependencies.map((one) => ({ ...one, arrivedAt: back(one.arrivedAt) })),
    }
  }

  private toVirtual(realMs: number): string {
    const begun = this.begins.findLast((one) => one.realMs <= realMs)
    if (!begun) throw new Error('Something happened before the scenario began.')
    return new Date(begun.virtualMs).toISOString()
  }

  /** A cycle that is open knows best; of the others the ledger does. A repeated event only counts there. */
  private async outcomes(events: EventFact[], cycles: Cycle[]): Promise<EventRow[]> {
    const rows = await this.stage.db.rows<{ id: string; cycle: string; outcome: string; seen: number }>(
      'select event_id as id, cycle, outcome, seen from event_delivery where domain = $1',
      [this.domain],
    )
    const known = new Map(rows.map((row) => [`${row.id} ${row.cycle}`, row]))
    for (const { id: cycle, deliveries } of cycles) {
      for (const { eventId: id, outcome, seen } of deliveries) {
        const row = known.get(`${id} ${cycle}`)
        known.set(`${id} ${cycle}`, { id, cycle, outcome, seen: Math.max(seen, row?.seen ?? 0) })
      }
    }
    return events
      .toSorted((one, other) => one.line - other.line)
      .map(({ line, arrival }) => {
        const before = events.filter((one) => one.line < line && one.arrival.eventId === arrival.eventId).length
        const told = [...known.values()].filter(({ id, seen }) => id === arrival.eventId && seen > before)
        const outcomes = told.map(({ cycle: id, outcome }) => {
          const { product, key } = parseCycleId(id) as { product: CycleRow['product']; key: CycleKey }
          return { product, key, outcome: (before > 0 ? 'duplicate' : outcome) as Delivered }
        })
        const sorted = outcomes.sort(byProductAndKey)
        return {
          line,
          outcomes: sorted.map(({ product, key, outcome }) => ({ consumer: product, cycle: key, outcome })),
        }
      })
  }
}

type Delivered = EventRow['outcomes'][number]['outcome']
