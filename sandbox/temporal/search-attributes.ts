// In: the search attributes a namespace should have. Out: it has them.
// Never: an attribute of another type in silence: the server would answer OK and change nothing.
import type { Connection } from '@temporalio/client'
import proto from '@temporalio/proto'

const { IndexedValueType } = proto.temporal.api.enums.v1

export type SearchAttributeType = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList'

export type SearchAttributes = Readonly<Record<string, SearchAttributeType>>

/** A kept database file has its own: what the server is told at its start reaches new namespaces only. */
export async function ensureSearchAttributes(connection: Connection, namespace: string, wanted: SearchAttributes) {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
  const missing: Record<string, number> = {}
  for (const [name, type] of Object.entries(wanted)) {
    const found = customAttributes[name]
    if (found === undefined) missing[name] = numberOf(type)
    else if (found !== numberOf(type)) throw wrongType(namespace, name, type, found)
  }
  if (Object.keys(missing).length === 0) return
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: missing })
}

const numberOf = (type: SearchAttributeType): number =>
  IndexedValueType[
    `INDEXED_VALUE_TYPE_${type === 'KeywordList' ? 'KEYWORD_LIST' : type.toUpperCase()}` as keyof typeof IndexedValueType
  ] as number

const wrongType = (namespace: string, name: string, wanted: string, found: number) =>
  new Error(
    `Search attribute ${name} of Temporal namespace "${namespace}" has type ${IndexedValueType[found]}, not ${wanted}. ` +
      'A type cannot be changed: use another namespace or database file.',
  )
