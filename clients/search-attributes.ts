// Registers Sluice's search attributes in a namespace and checks that they are what we need.
// Never: trusts that adding worked: a name that is there with another type answers OK and changes nothing.
import type { Client } from '@temporalio/client'
import proto from '@temporalio/proto'

const { IndexedValueType } = proto.temporal.api.enums.v1

const TYPES = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  KeywordList: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
} as const

/** @throws Error that names each attribute of a wrong type and the next step. */
export async function ensureSearchAttributes(
  client: Client,
  attributes: Record<string, keyof typeof TYPES>,
): Promise<void> {
  const { operatorService } = client.connection
  const namespace = client.options.namespace
  const wanted = Object.entries(attributes).map(([name, type]) => ({ name, type: TYPES[type] }))
  const found = (await operatorService.listSearchAttributes({ namespace })).customAttributes ?? {}
  const missing = wanted.filter(({ name }) => found[name] === undefined)
  if (missing.length > 0) {
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(({ name, type }) => [name, type])),
    })
  }
  const wrong = wanted.filter(({ name, type }) => found[name] !== undefined && found[name] !== type)
  if (wrong.length > 0) {
    throw new Error(
      `Namespace "${namespace}" has search attributes of another type: ${wrong.map(({ name }) => name).join(', ')}. ` +
        'Remove them (temporal operator search-attribute remove) or use another namespace.',
    )
  }
}
