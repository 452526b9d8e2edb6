// XML both ways. In: plain values, or a client's document. Out: S3's documents, or plain values.

import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { AwsError } from '../service.ts'

export type XmlValue = string | number | boolean | undefined | XmlFields | XmlValue[]
export interface XmlFields {
  [name: string]: XmlValue
}

/** A document; `undefined` is left out, an array repeats its element. */
export function toXml(root: string, fields: XmlFields, options: { namespace?: boolean } = {}): string {
  const namespace = options.namespace === false ? '' : ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${namespace}>${renderFields(fields)}</${root}>`
}

function renderFields(fields: XmlFields): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((item) => renderElement(name, item)))
    .join('')
}

function renderElement(name: string, value: XmlValue): string {
  if (value === undefined || Array.isArray(value)) return ''
  return `<${name}>${typeof value === 'object' ? renderFields(value) : escapeText(String(value))}</${name}>`
}

function escapeText(text: string): string {
  return text.replace(/[&<>"\u0000-\u001f\u007f]/g, (character) => `&#x${character.charCodeAt(0).toString(16)};`)
}

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  // Keys may begin or end with a space.
  trimValues: false,
  removeNSPrefix: true,
  htmlEntities: true,
})

/** The children of the document's root, which must be `root`. */
export function parseXml(body: Buffer, root: string): Record<string, unknown> {
  const text = body.toString('utf8')
  const parsed: unknown = XMLValidator.validate(text) === true ? parser.parse(text) : undefined
  const content = isRecord(parsed) ? parsed[root] : undefined
  if (isRecord(content)) return content
  if (typeof content === 'string' && content.trim() === '') return {}
  throw malformed()
}

/** An element that may occur many times, each as a record. */
export function recordsOf(value: unknown): Record<string, unknown>[] {
  const items = value === undefined ? [] : Array.isArray(value) ? value : [value]
  return items.map((item: unknown) => {
    // The parser gives an element without children as text.
    if (typeof item === 'string' && item.trim() === '') return {}
    if (!isRecord(item)) throw malformed()
    return item
  })
}

/** An element that may occur many times, each as text. */
export function textsOf(value: unknown): string[] {
  const items = value === undefined ? [] : Array.isArray(value) ? value : [value]
  return items.map((item: unknown) => {
    if (typeof item !== 'string') throw malformed()
    return item
  })
}

export function malformed(): AwsError {
  const message = 'The XML you provided was not well-formed or did not validate against our published schema'
  return new AwsError('MalformedXML', message)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
