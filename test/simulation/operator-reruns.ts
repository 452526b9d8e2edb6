// Reruns as `sluice rerun` does them: an Update; nobody there, then a start with the past; somebody was faster, then again.
// In: the world, which cycle, what is asked beyond the rerun itself. Out: the cycle runs again, or somebody says why not.
// Never: a past that the product's own readers would not find.
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowUpdateFailedError } from '@temporalio/client'
import { reachOf } from '../../cli/cascade.ts'
import { readPast } from '../../mirror/past.ts'
import { recallArrivals } from '../../mirror/recall.ts'
import { openCycle } from '../../model/calendar/due.ts'
import { refuseCommand } from '../../model/cycle/commands.ts'
import { rememberCorrections } from '../../model/cycle/corrections.ts'
import { type Cycle, type CycleInput, isUnbegun, openRun, type RerunCommand } from '../../model/cycle/cycle.ts'
import { laterEnd, type Past } from '../../model/cycle/last-end.ts'
import type { DefinitionVersion } from '../../model/definition.ts'
import { refusesPartial } from '../../model/dependencies.ts'
import { type CycleId, domainOf, type ProductId } from '../../model/ids.ts'
import type { Cascade } from '../../model/refresh-event.ts'
import { CYCLE_QUERY, CYCLE_WORKFLOW, type CycleResult, RERUN, toCycleStart } from '../../workflows/contract.ts'
import { toDetail } from './evidence.ts'
import type { Hostility, Life } from './hostility.ts'
import { createPostgres } from './mirror-tables.ts'
import { settingsOf } from './roles.ts'
import { TEMPORAL_TROUBLE } from './temporal-client.ts'
import type { Execution } from './temporal-execution.ts'
import type { World } from './world.ts'

export interface Hands {
  life: Life
  client: Client
}

export interface Asked {
  id: string
  command: RerunCommand
  /** Absent: what goes without saying: its own while a run is open, else the one in force. */
  definition?: 'cycle' | 'current'
}

export const versionOf = ({ mesh }: World, { input }: Pick<Cycle, 'input'>): DefinitionVersion =>
  mesh.current().find(({ definition }) => definition.product === input.product) as DefinitionVersion

/** What a person asks of a rerun beyond the rerun itself. */
export function toWish(world: World, { input }: Cycle): Pick<RerunCommand, 'publish' | 'cascade'> {
  const { hostility, isPlanned } = world
  if (isPlanned) return {}
  if (hostility.strikes('a rerun that publishes nothing', 0.1)) return { publish: false }
  const cascade = toCascade(world, input.product)
  return cascade ? { cascade } : {}
}

function toCascade({ mesh, hostility }: World, product: ProductId): Cascade | undefined {
  const { catalog } = mesh.indexOf(domainOf(product))
  const all = reachOf(catalog, product, 'all')
  if ('refused' in all || all.reached.length === 0) return undefined
  if (hostility.strikes('a rerun that cascades to all', 0.2)) return 'all'
  if (!hostility.strikes('a rerun that cascades to some', 0.25)) return undefined
  const some = all.reached.filter(() => hostility.random.chance(0.6))
  if (some.length > 0 && 'reached' in reachOf(catalog, product, some)) return some
  hostility.count('a cascade refused')
  return undefined
}

const TRIES = 3

export async function rerun(world: World, hands: Hands, asked: Asked, tries = TRIES): Promise<void> {
  const isOpen = world.server.runsOf.get(asked.id)?.at(-1)?.isOpen
  try {
    if (isOpen || !(await startAgain(world, hands, asked))) await update(world, hands, asked)
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) world.hostility.count('a rerun refused')
    // Its answer was lost, or the cycle closed or opened meanwhile: the person asks again, with the same request.
    else if (tries > 0) await rerun(world, hands, asked, tries - 1)
  }
}

async function update(world: World, { client }: Hands, { id, command, definition }: Asked): Promise<unknown> {
  const handle = client.workflow.getHandle(id)
  // Asked first only where the command depends on how it stands.
  const to = definition === 'current' ? toNewer(world, await handle.query<Cycle>(CYCLE_QUERY)) : undefined
  if (to) world.hostility.count('a rerun by the definition in force asked for')
  const args = [{ ...command, ...(to && { to }) }]
  return handle.executeUpdate(RERUN, { args, updateId: command.requestId } as never)
}

/** What the cycle would be opened with by the version in force; undefined: it carries that one. */
export function toNewer(world: World, cycle: Cycle): CycleInput | undefined {
  const version = versionOf(world, cycle)
  const { definitionVersion, product, key, openedBy, settings } = cycle.input
  if (version.version <= definitionVersion) return undefined
  return openCycle(world.mesh.indexOf(domainOf(product)).timetable, version, { key, openedBy, settings })
}

/** False when a run is open already. Reading the past and starting are one moment here: the recipe has no fence between. */
async function startAgain(world: World, { life }: Hands, asked: Asked): Promise<boolean> {
  const { hostility, server, time } = world
  const { id, command } = asked
  try {
    await hostility.call(life, 'temporal', `start ${id} again`, TEMPORAL_TROUBLE, async () => {
      const run = server.runsOf.get(id)?.at(-1)
      const input = run && (await toNextInput(world, run, asked))
      if (!input) return
      const nowMs = time.nowMs()
      const refused = refuseCommand(openRun(input, nowMs), { action: 'rerun', ...command }, 'closed', nowMs)
      if (!run.isOpen && refused !== null) return hostility.count('a rerun refused')
      const start = toCycleStart({ ...input, past: input.past && { ...input.past, command } })
      server.start({
        ...{ workflowId: id, taskQueue: start.taskQueue, type: CYCLE_WORKFLOW, input: start.args[0] },
        ...{ conflictPolicy: 'FAIL', reusePolicy: 'ALLOW_DUPLICATE' },
      })
    })
    return true
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false
    throw error
  }
}

/** No trouble of its own: it is part of another call. */
const CALM = { call: async (_life, _service, _what, _trouble, work) => work() } as Pick<Hostility, 'call'> as Hostility

/** As the run's result has it, or the mirror; with what came of its inputs since. */
async function toNextInput(world: World, run: Execution, { definition }: Asked): Promise<CycleInput | undefined> {
  const { product, key } = run.input as CycleInput
  const db = createPostgres(world.tables, CALM, { name: 'a reader', isAlive: true, die: () => undefined })
  const result = (run.result as CycleResult | undefined) ?? toDetail(run.failure) ?? undefined
  const past = laterEnd(result, await readPast(db, run.workflowId as CycleId))
  if (!past) return undefined
  const version = chooseVersion(world, product, past, definition)
  const opening = { key, openedBy: 'rerun' as const, settings: settingsOf(world) }
  const opened = openCycle(world.mesh.indexOf(domainOf(product)).timetable, version, opening)
  if (isUnbegun(past)) return { ...opened, past: { ...past, command: null } }
  const published = await recallArrivals(db, domainOf(product), past.dependencies)
  const wanted = published.filter((arrival) => !refusesPartial(version.definition, arrival))
  return { ...opened, past: { ...past, dependencies: rememberCorrections(past.dependencies, wanted), command: null } }
}

/** What an attempt has made and is only published belongs to the version that it was made by. */
function chooseVersion(world: World, product: ProductId, past: Past, choice: Asked['definition']): DefinitionVersion {
  const versions = world.mesh.everApplied().filter(({ definition }) => definition.product === product)
  const carried = versions.find(({ version }) => version === past.definitionVersion)
  const present = versions.at(-1) as DefinitionVersion
  return choice === 'cycle' || past.attempt !== null ? (carried ?? present) : present
}
