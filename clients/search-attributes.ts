// Registers Sluice's search attributes in a namespace and checks that they are what we need.
// Never: trusts that adding worked: a name that is there with another type answers OK and changes nothing.
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import proto from '@temporalio/proto'

const { IndexedValueType } = proto.temporal.api.enums.v1

const TYPES = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  KeywordList: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
} as const

type Attributes = Record<string, keyof typeof TYPES>

/** A server lists from a cache: what was just added may take this long to be seen. */
const SEEN_WITHIN_MS = 15_000
const LOOK_MS = 500
/** gRPC's number for it; the SDK gives the bare error. */
const PERMISSION_DENIED = 7

/** @throws Error that names each attribute that is missing or of a wrong type, and the next step. */
export async function ensureSearchAttributes(client: Client, attributes: Attributes): Promise<void> {
  const { namespace } = client.options
  const missing = await findMissing(client, attributes)
  if (missing.length === 0) return
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, TYPES[attributes[name] ?? 'Keyword']]))
  await permitted(namespace, pick(attributes, missing), () =>
    client.connection.operatorService.addSearchAttributes({ namespace, searchAttributes }),
  )
  await untilListed(client, attributes)
}

async function untilListed(client: Client, attributes: Attributes): Promise<void> {
  const giveUpAtMs = Date.now() + SEEN_WITHIN_MS
  for (;;) {
    const missing = await findMissing(client, attributes)
    if (missing.length === 0) return
    if (Date.now() >= giveUpAtMs) {
      throw new Error(
        `Namespace "${client.options.namespace}" took the search attributes ${missing.join(', ')} but does not list ` +
          `them. Look at them (temporal operator search-attribute list) and start again.`,
      )
    }
    await pause(LOOK_MS)
  }
}

/** Names that are not there; those of another type are an error. */
async function findMissing(client: Client, attributes: Attributes): Promise<string[]> {
  const { namespace } = client.options
  const answer = await permitted(namespace, attributes, () =>
    client.connection.operatorService.listSearchAttributes({ namespace }),
  )
  const found = answer.customAttributes ?? {}
  const wrong = Object.entries(attributes).filter(([name, type]) => name in found && found[name] !== TYPES[type])
  if (wrong.length > 0) {
    throw new Error(
      `Namespace "${namespace}" has search attributes of another type: ${wrong.map(([name]) => name).join(', ')}. ` +
        'Remove them (temporal operator search-attribute remove) or use another namespace.',
    )
  }
  return Object.keys(attributes).filter((name) => !(name in found))
}

/** Roles often may not see or change a namespace's attributes: then a person who may has to. */
async function permitted<T>(namespace: string, attributes: Attributes, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if ((error as { code?: unknown }).code !== PERMISSION_DENIED) throw error
    const pairs = Object.entries(attributes).map(([name, type]) => `--name ${name} --type ${type}`)
    throw new Error(
      `Could not make sure that namespace "${namespace}" has the search attributes of Sluice: this login lacks the ` +
        `right. Let somebody who has it run: temporal operator search-attribute create --namespace ${namespace} ` +
        `${pairs.join(' ')}, and give this login the right to list them.`,
      { cause: error },
    )
  }
}

const pick = (attributes: Attributes, names: string[]): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => names.includes(name)))
