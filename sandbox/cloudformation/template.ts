// A CloudFormation template as this reader takes it. In: JSON. Out: its parameters and resources, typed, in the order
// in which they can be made. Never: passes over a section that it does not act on.

export interface Resource {
  logicalId: string
  type: string
  properties: Record<string, unknown>
  /** By its `DeletionPolicy`: when the template no longer names it. */
  isKeptWhenDropped: boolean
  /** By its `UpdateReplacePolicy`: when another takes its place. */
  isKeptWhenReplaced: boolean
}

export interface Template {
  /** For messages. */
  stack: string
  parameters: Record<string, { Type: string; Default?: string | number }>
  /** What is named by another comes before it. */
  resources: Resource[]
}

type Json = Record<string, unknown>

const SECTIONS = ['AWSTemplateFormatVersion', 'Description', 'Metadata', 'Parameters', 'Resources', 'Outputs']
const ATTRIBUTES = ['Type', 'Properties', 'DependsOn', 'Metadata', 'DeletionPolicy', 'UpdateReplacePolicy']

export function readTemplate(stack: string, json: unknown): Template {
  if (!isJson(json) || !isJson(json['Resources'])) throw new Error(`Template ${stack} has no Resources.`)
  refuseOthers(Object.keys(json), SECTIONS, `Template ${stack}`)
  const resources = Object.entries(json['Resources']).map(([logicalId, value]) => {
    if (!isJson(value) || typeof value['Type'] !== 'string') throw new Error(`${stack}/${logicalId} has no Type.`)
    refuseOthers(Object.keys(value), ATTRIBUTES, `${stack}/${logicalId}`)
    const properties = isJson(value['Properties']) ? value['Properties'] : {}
    return {
      logicalId,
      type: value['Type'],
      properties,
      isKeptWhenDropped: isKept(value['DeletionPolicy'], `${stack}/${logicalId}`),
      isKeptWhenReplaced: isKept(value['UpdateReplacePolicy'], `${stack}/${logicalId}`),
      needs: [...namedIn(properties), ...listOf(value['DependsOn'])],
    }
  })
  const parameters = (json['Parameters'] ?? {}) as Template['parameters']
  return { stack, parameters, resources: inOrder(stack, resources) }
}

export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function refuseOthers(names: string[], known: string[], where: string): void {
  const other = names.find((name) => !known.includes(name))
  if (other !== undefined) throw new Error(`${where}: the sandbox does not read "${other}" of a template.`)
}

/** What is created only to be rolled back goes in any case; here nothing is rolled back. */
function isKept(policy: unknown, where: string): boolean {
  if (policy === undefined || policy === 'Delete') return false
  if (policy === 'Retain' || policy === 'RetainExceptOnCreate') return true
  throw new Error(
    `${where}: the sandbox does not know the policy ${String(policy)}: Delete, Retain or RetainExceptOnCreate.`,
  )
}

const listOf = (value: unknown): string[] =>
  value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String)

/** Logical ids, and parameters, that a value names anywhere below it. */
function namedIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namedIn)
  if (!isJson(value)) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    if (name === 'Ref') return [String(inner)]
    if (name === 'Fn::GetAtt') return [String(Array.isArray(inner) ? inner[0] : String(inner).split('.')[0])]
    if (name !== 'Fn::Sub') return namedIn(inner)
    const text = String(Array.isArray(inner) ? inner[0] : inner)
    return [...[...text.matchAll(/\$\{([^!.}][^.}]*)/g)].map((match) => match[1] ?? ''), ...namedIn(inner)]
  })
}

function inOrder(stack: string, resources: (Resource & { needs: string[] })[]): Resource[] {
  const byId = new Map(resources.map((resource) => [resource.logicalId, resource]))
  const ordered = new Set<Resource & { needs: string[] }>()
  const visit = (resource: Resource & { needs: string[] }, path: string[]): void => {
    if (ordered.has(resource)) return
    if (path.includes(resource.logicalId)) {
      throw new Error(`Template ${stack} is circular: ${[...path, resource.logicalId].join(' needs ')}.`)
    }
    for (const need of resource.needs) {
      const needed = byId.get(need)
      if (needed) visit(needed, [...path, resource.logicalId])
    }
    ordered.add(resource)
  }
  for (const resource of resources) visit(resource, [])
  return [...ordered].map(({ needs: _needs, ...resource }) => resource)
}
