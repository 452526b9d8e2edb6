// One stack. In: its template, its account, what its former template made. Out: every resource as the template says, but
// that a bucket or job keeps a property which the template drops; what it no longer names is removed, unless its policies
// keep it. Never: touches what another stack made; removes what this one did not make.
import { evaluate, type Known, type Made } from './evaluate.ts'
import { isSameResource, type Leftover, type MadeResource, planLeftovers, withoutSame } from './leftovers.ts'
import type { Change, Place, Properties } from './resource-type.ts'
import { requireType } from './resource-types.ts'
import { readRecords, writeRecord } from './stack-record.ts'
import type { Resource, Template } from './template.ts'

export interface ResourceChange {
  stack: string
  logicalId: string
  type: string
  change: Change | Leftover['fate']
}

export type Given = Record<string, string | number>

export async function deployStack(template: Template, place: Place, given: Given): Promise<ResourceChange[]> {
  const { stack, resources } = template
  const records = await readRecords(place)
  const before = records.get(stack) ?? []
  const made = new Map<string, Made>()
  const known: Known = { stack, ...place, made, parameters: toParameters(template, given) }
  const now: MadeResource[] = []
  const gone: MadeResource[] = []
  const changes: ResourceChange[] = []
  // After a failure too. What could not be removed comes last, and so is removed first the next time.
  const remember = () => writeRecord(place, stack, [...now, ...withoutSame(before, [...now, ...gone])])
  try {
    for (const resource of resources) {
      const properties = evaluate(resource.properties, known, resource.logicalId) as Properties
      const named = toNamed(resource, properties, stack)
      requireUnclaimed(named, records, stack)
      // Before it is made: what a failure leaves half made is the stack's too.
      now.push(...(await ownOf(named, before, place)))
      const answer = await deployResource(stack, resource, properties, place)
      made.set(resource.logicalId, answer)
      changes.push({ stack, ...pick(resource), change: answer.change })
    }
    for (const { resource, fate } of planLeftovers(before, now, resources)) {
      if (fate === 'removed') await removeResource(stack, resource, place)
      gone.push(resource)
      changes.push({ stack, ...pick(resource), change: fate })
    }
  } catch (error) {
    await remember().catch((unwritten: unknown) => {
      const also = `What ${stack} has made could not be written down either: ${toReason(unwritten)}`
      throw new AggregateError([error, unwritten], `${(error as Error).message} ${also}`, { cause: error })
    })
    throw error
  }
  await remember()
  return changes
}

const pick = ({ logicalId, type }: Pick<Resource, 'logicalId' | 'type'>) => ({ logicalId, type })

const isIn = (resources: MadeResource[], one: MadeResource): boolean =>
  resources.some((resource) => isSameResource(resource, one))

/** What the resource is in its account: nothing where the sandbox only accepts it, several where a policy has several queues. */
function toNamed({ properties: _raw, ...resource }: Resource, properties: Properties, stack: string): MadeResource[] {
  const ids = requireType(resource.type, `${stack}/${resource.logicalId}`).presence?.idsOf(properties) ?? []
  return ids.map((id) => ({ ...resource, id }))
}

/** On AWS its creation fails. */
function requireUnclaimed(named: MadeResource[], records: Map<string, MadeResource[]>, stack: string): void {
  for (const one of named) {
    const owner = [...records].find(([other, resources]) => other !== stack && isIn(resources, one))?.[0]
    if (owner !== undefined)
      throw new Error(`Could not deploy ${stack}/${one.logicalId} (${one.type}): ${one.id} is a resource of ${owner}.`)
  }
}

/** What the stack has made, or is about to make; not what it finds. */
async function ownOf(named: MadeResource[], before: MadeResource[], place: Place): Promise<MadeResource[]> {
  const own: MadeResource[] = []
  for (const one of named) {
    const isFound = !isIn(before, one) && (await requireType(one.type, one.logicalId).presence?.isThere(one.id, place))
    if (!isFound) own.push(one)
  }
  return own
}

async function deployResource(stack: string, { logicalId, type }: Resource, properties: Properties, place: Place) {
  try {
    return await requireType(type, `${stack}/${logicalId}`).deploy(properties, place)
  } catch (cause) {
    throw new Error(`Could not deploy ${stack}/${logicalId} (${type}): ${toReason(cause)}`, { cause })
  }
}

async function removeResource(stack: string, { logicalId, type, id }: MadeResource, place: Place): Promise<void> {
  try {
    await requireType(type, `${stack}/${logicalId}`).presence?.remove(id, place)
  } catch (cause) {
    throw new Error(
      `Could not remove ${id}, which the template no longer names, of ${stack}/${logicalId} (${type}): ${toReason(cause)}`,
      { cause },
    )
  }
}

function toReason(cause: unknown): string {
  const { name, message } = cause as Error
  return `${name}: ${message}`
}

function toParameters({ stack, parameters }: Template, given: Given) {
  return new Map(
    Object.entries(parameters).map(([name, { Default }]) => {
      const value = given[name] ?? Default
      if (value === undefined) throw new Error(`Template ${stack} needs the parameter ${name}.`)
      return [name, value]
    }),
  )
}
