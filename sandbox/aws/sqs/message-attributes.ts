// Message attributes. In: unknown JSON of a send. Out: checked attributes and AWS's checksum over them, which SDKs verify.
// Never: changes an attribute's value.

import { createHash } from 'node:crypto'
import { type Input, isRecord } from '../input.ts'
import { AwsError } from '../service.ts'

export interface MessageAttribute {
  DataType: string
  StringValue?: string
  /** Base64, as on the wire. */
  BinaryValue?: string
}

export type MessageAttributes = Record<string, MessageAttribute>

/** At most ten, each with a name, a type String, Number or Binary (with an optional label) and a value of it. */
export function parseMessageAttributes(input: Input | undefined): MessageAttributes {
  const entries = Object.entries(input ?? {})
  if (entries.length > 10)
    throw invalid('Number of message attributes [%] exceeds the allowed maximum [10].', entries.length)
  return Object.fromEntries(entries.map(([name, value]) => [name, parseAttribute(name, value)]))
}

function parseAttribute(name: string, value: unknown): MessageAttribute {
  if (!/^[\w-]+(\.[\w-]+)*$/.test(name) || name.length > 256 || /^(aws|amazon)\./i.test(name)) {
    throw invalid('The message attribute name "%" is not allowed.', name)
  }
  const attribute = isRecord(value) ? value : {}
  const type = attribute['DataType']
  if (typeof type !== 'string' || !/^(String|Number|Binary)(\..{1,256})?$/.test(type)) {
    throw invalid('The message attribute "%" has an invalid message attribute type.', name)
  }
  const field = type.startsWith('Binary') ? 'BinaryValue' : 'StringValue'
  const content = attribute[field]
  if (typeof content !== 'string' || content === '') {
    throw invalid(`The message attribute "%" with type "${type}" must use field "${field}".`, name)
  }
  if (type.startsWith('Number') && Number.isNaN(Number(content))) {
    throw invalid('The message attribute "%" is not a number.', name)
  }
  return { DataType: type, [field]: content }
}

export function md5(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex')
}

/** By name: length and bytes of name and type, one byte for the kind of value, length and bytes of the value. */
export function md5OfAttributes(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).sort()
  if (names.length === 0) return undefined
  const hash = createHash('md5')
  const addSized = (bytes: Buffer) => {
    const size = Buffer.alloc(4)
    size.writeUInt32BE(bytes.length)
    hash.update(size).update(bytes)
  }
  for (const name of names) {
    const attribute = attributes[name] as MessageAttribute
    const isBinary = attribute.BinaryValue !== undefined
    addSized(Buffer.from(name))
    addSized(Buffer.from(attribute.DataType))
    hash.update(Buffer.from([isBinary ? 2 : 1]))
    addSized(isBinary ? Buffer.from(attribute.BinaryValue ?? '', 'base64') : Buffer.from(attribute.StringValue ?? ''))
  }
  return hash.digest('hex')
}

/** Bytes that the attributes count towards the message's size. */
export function sizeOfAttributes(attributes: MessageAttributes): number {
  return Object.entries(attributes).reduce((sum, [name, { DataType, StringValue, BinaryValue }]) => {
    const value =
      BinaryValue === undefined ? Buffer.byteLength(StringValue ?? '') : Buffer.byteLength(BinaryValue, 'base64')
    return sum + Buffer.byteLength(name) + DataType.length + value
  }, 0)
}

/** Those asked for: names, `All`, `.*`, or a prefix as `trace.*`. */
export function chooseAttributes(attributes: MessageAttributes, wanted: string[]): MessageAttributes {
  const isWanted = (name: string) =>
    wanted.some(
      (text) => text === 'All' || text === name || (text.endsWith('.*') && name.startsWith(text.slice(0, -2))),
    )
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => isWanted(name)))
}

function invalid(message: string, value: string | number): AwsError {
  return new AwsError('InvalidParameterValue', message.replace('%', String(value)))
}
