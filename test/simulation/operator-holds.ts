// Whole products held and released, by the recipe of `sluice hold` and `sluice release`: the rows, then the catalog objects that
// the roles read, then each open cycle. In: the world. Out: the same order of calls at the edges, each of which may be refused, lose
// its answer or be the last; then somebody gives the command again. Left out: the lock that an apply takes too, for the rows
// change in one moment here, and so do all catalog objects. Never: a hold that outlives the mending.
import type { Client } from '@temporalio/client'
import type { Cycle, HoldCommand, OperatorCommand } from '../../model/cycle/cycle.ts'
import { domainOf, type ProductId } from '../../model/ids.ts'
import { CYCLE_QUERY, HOLD, RELEASE } from '../../workflows/contract.ts'
import type { Life } from './hostility.ts'
import { S3_TROUBLE } from './roles.ts'
import type { World } from './world.ts'

interface Hands {
  life: Life
  client: Client
  toCommand(): OperatorCommand
}

/** `unsaid`: without `--run`, which will do where one cycle is held. */
type Runs = 'all' | 'latest' | 'none' | 'unsaid'

const POSTGRES_TROUBLE = {
  refuse: () => Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' }),
  lose: () => Object.assign(new Error('connection reset'), { code: 'ECONNRESET' }),
}

/** By the rows, or only by the catalog objects: a command may have died between. */
export const heldProducts = ({ tables, mesh }: World): ProductId[] => {
  const inObjects = mesh.domains.flatMap((domain) => Object.keys(mesh.indexOf(domain).catalog.holds ?? {}))
  return [...new Set([...tables.holds.keys(), ...inObjects])] as ProductId[]
}

/** One look of the people who hold products. */
export function lookAtHolds(world: World, hands: Hands, isMending: boolean): void {
  const { hostility, mesh, isPlanned } = world
  const { random } = hostility
  for (const product of heldProducts(world)) {
    if (!isMending && !random.chance(0.2)) continue
    const run = random.pick<Runs>(['all', 'all', 'latest', 'none', ...(isMending ? [] : ['unsaid' as const])])
    void told(world, release(world, hands, product, run))
    if (hostility.strikes('a product released by two', 0.1)) void told(world, release(world, hands, product, 'all'))
  }
  if (isMending || isPlanned || !hostility.strikes('a product held', 0.03)) return
  const { product } = random.pick(mesh.current()).definition
  void told(world, hold(world, hands, product))
  if (hostility.strikes('a product held by two', 0.1)) void told(world, hold(world, hands, product))
}

async function told({ hostility }: World, command: Promise<string>): Promise<void> {
  hostility.count(await command.catch(() => 'a command about a product failed half-way'))
}

async function hold(world: World, hands: Hands, product: ProductId): Promise<string> {
  const { actor, reason, requestId } = hands.toCommand()
  const sinceMs = world.time.nowMs()
  const before = await change(world, hands, (holds) => {
    const found = holds.get(product)
    if (!found) holds.set(product, { actor, reason, sinceMs, of: 'product' })
    return found
  })
  const open = await listOpen(hands, product)
  await tellEach(hands, open, HOLD, { actor, reason, requestId, of: 'product' })
  return before ? 'a product that is held was held' : 'a hold of a product was done'
}

async function release(world: World, hands: Hands, product: ProductId, run: Runs): Promise<string> {
  const asker = hands.toCommand()
  const { isInRows, before } = await readHold(world, hands, product)
  const cycles = await askOpen(hands, product)
  const waiting = cycles.filter(isHeldWithProduct).toSorted(oldestFirst)
  if (!before && waiting.length === 0) return 'a release of a product refused'
  if (run === 'unsaid' && waiting.length > 1) return 'a release that does not say of which refused'
  const chosen = run === 'none' ? [] : run === 'latest' ? waiting.slice(-1) : waiting
  const kept = waiting.filter((cycle) => !chosen.includes(cycle))
  const lost = await tellEach(hands, kept.map(toId), HOLD, { ...asker, of: 'cycle' })
  if (lost > 0) return 'a release of a product given up'
  const found = await change(world, hands, (holds) => {
    const held = holds.get(product)
    holds.delete(product)
    return held
  })
  if (isInRows && !found) return 'a release of a product refused'
  const known = new Set(cycles.map(toId))
  const later = (await askOpen(hands, product, (id) => !known.has(id))).filter(isHeldWithProduct)
  const isForAll = run === 'unsaid' || run === 'all'
  if (!isForAll) await tellEach(hands, later.map(toId), HOLD, { ...asker, of: 'cycle' })
  const goOn = [...chosen, ...(isForAll ? later : [])].map(toId)
  await tellEach(hands, goOn, RELEASE, { ...asker, of: 'product' })
  return `a release of a product was done: ${run}`
}

/** Of the rows, and then of all catalog objects, which are written by the rows of that moment. */
async function change<T>(world: World, { life }: Hands, work: (holds: World['tables']['holds']) => T): Promise<T> {
  const { hostility, tables, mesh, time } = world
  const result = await hostility.call(life, 'postgres', 'change a hold', POSTGRES_TROUBLE, () => work(tables.holds))
  await hostility.call(life, 's3', 'write the catalogs', S3_TROUBLE, () =>
    mesh.putHolds(Object.fromEntries(tables.holds), time.nowMs()),
  )
  return result
}

const readHold = ({ hostility, tables, mesh }: World, { life }: Hands, product: ProductId) =>
  hostility.call(life, 'postgres', 'read a hold', POSTGRES_TROUBLE, () => {
    const inObject = mesh.indexOf(domainOf(product)).catalog.holds?.[product]
    return { isInRows: tables.holds.has(product), before: tables.holds.get(product) ?? inObject }
  })

const isHeldWithProduct = ({ held }: Cycle): boolean => held?.of === 'product'
const toId = ({ id }: Cycle): string => id
const oldestFirst = (one: Cycle, other: Cycle): number => one.input.key.localeCompare(other.input.key)

async function listOpen({ client }: Hands, product: ProductId): Promise<string[]> {
  const ids: string[] = []
  const query = `SluiceProduct = "${product}" AND ExecutionStatus = "Running"`
  for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId)
  return ids
}

async function askOpen(hands: Hands, product: ProductId, isAsked: (id: string) => boolean = () => true) {
  const ids = (await listOpen(hands, product)).filter(isAsked)
  const asked = await Promise.all(
    ids.map(async (id) => {
      const handle = hands.client.workflow.getHandle(id)
      const { status } = await handle.describe()
      return status.name === 'RUNNING' ? [await handle.query<Cycle>(CYCLE_QUERY)] : []
    }),
  )
  return asked.flat()
}

/** How many did not take it: refused, closed meanwhile, or silent. */
async function tellEach({ client }: Hands, ids: string[], action: string, command: HoldCommand): Promise<number> {
  const lost = await Promise.all(ids.map((id) => isLost(client, id, action, command)))
  return lost.filter(Boolean).length
}

const isLost = (client: Client, id: string, action: string, command: HoldCommand): Promise<boolean> =>
  client.workflow
    .getHandle(id)
    .executeUpdate(action, { args: [command], updateId: command.requestId } as never)
    .then(
      () => false,
      () => true,
    )
