// In: the text of one YAML file. Out: its documents as plain values that know where each part stands, and what no
// YAML reader accepts. Never: an exception for a bad file; expands aliases without a limit.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  visit,
  type YAMLError,
} from 'yaml'
import type { SourceFile } from './files.ts'
import type { Place, Problem } from './problem.ts'

type FieldPath = readonly (string | number)[]

export interface YamlDocument {
  value: unknown
  /** Of a key or value; of the nearest thing around it when there is none at the path. */
  placeOf(path: FieldPath, on?: 'key' | 'value'): Place
  /** What the author typed there. */
  sourceOf(path: FieldPath): string | undefined
}

const MOST_ALIASES = 100

export function readDocuments({ file, text }: SourceFile): { documents: YamlDocument[]; problems: Problem[] } {
  const lines = new LineCounter()
  const toPlace = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  const options = { lineCounter: lines, prettyErrors: false, logLevel: 'silent' } as const
  const parsed = attempt(() => [...parseAllDocuments(text, options)] as Document.Parsed[])
  if (parsed instanceof Error) return { documents: [], problems: [{ ...toPlace(0), message: tooDeep(parsed) }] }
  const read = parsed.filter(isFilled).map((document) => readOne(document, toPlace))
  return {
    documents: read.flatMap(({ document }) => document ?? []),
    problems: read.flatMap(({ problems }) => problems),
  }
}

/** Also a document that holds nothing but faults counts. */
const isFilled = (document: Document.Parsed): boolean =>
  document.errors.length > 0 || (isScalar(document.contents) ? document.contents.value !== null : !!document.contents)

type ToPlace = (offset: number) => Place
type Read = { document?: YamlDocument; problems: Problem[] }

function readOne(document: Document.Parsed, toPlace: ToPlace): Read {
  const faults = attempt(() => [...syntaxFaults(document), ...nodeFaults(document)])
  if (faults instanceof Error) return { problems: [{ ...toPlace(0), message: tooDeep(faults) }] }
  const problems = faults.map(({ offset, message }) => ({ ...toPlace(offset), message }))
  if (faults.some(({ isFatal }) => isFatal)) return { problems }
  const value: unknown = attempt(() => document.toJS({ maxAliasCount: MOST_ALIASES }))
  if (value instanceof Error) {
    const message = `its aliases (*name) expand to more than ${MOST_ALIASES} copies; write the values out`
    return { problems: [{ ...toPlace(startOf(document.contents)), message }] }
  }
  return { problems, document: locatable(document, value, toPlace) }
}

interface Fault {
  offset: number
  message: string
  /** The document has no value worth checking. */
  isFatal: boolean
}

/** The first fault only, as the others mostly follow from it; but every key that stands twice. */
function syntaxFaults(document: Document.Parsed): Fault[] {
  const found = [...document.errors, ...document.warnings]
  const fatal = found.find(({ code }) => code !== 'DUPLICATE_KEY')
  if (fatal) return [{ offset: fatal.pos[0], message: wordsOf(fatal), isFatal: true }]
  return found.map((error) => ({ offset: error.pos[0], message: wordsOf(error), isFatal: false }))
}

function wordsOf({ code, message }: YAMLError): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'this key stands here twice; keep one of them'
    case 'TAB_AS_INDENT':
      return 'a tab in the indentation; YAML takes spaces only'
    case 'RESOURCE_EXHAUSTION':
      return 'nested too deeply to be read'
    case 'TAG_RESOLVE_FAILED':
      return `tags are not read: ${message}`
    default:
      return `not valid YAML: ${message}`
  }
}

/** What YAML allows and a definition does not: keys that are no plain text, aliases of nothing. */
function nodeFaults(document: Document.Parsed): Fault[] {
  const faults: Fault[] = []
  visit(document, {
    Pair(_, pair) {
      const key: unknown = isScalar(pair.key) ? pair.key.value : undefined
      // A schema passes this one over in a block of free keys (arguments) instead of refusing it.
      if (typeof key === 'string' && key !== '__proto__') return
      const message = key === '__proto__' ? '"__proto__" cannot be a key' : 'a key must be plain text'
      faults.push({ offset: startOf(pair.key as Node | null), message, isFatal: true })
    },
    Alias(_, alias) {
      if (alias.resolve(document)) return
      const message = `*${alias.source} names nothing: there is no &${alias.source} before it`
      faults.push({ offset: startOf(alias), message, isFatal: true })
    },
  })
  return faults
}

function locatable(document: Document.Parsed, value: unknown, toPlace: ToPlace): YamlDocument {
  const follow = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node)
  const childOf = (node: unknown, part: string | number): { key?: Node; value: unknown } | undefined => {
    const around = follow(node)
    if (isSeq(around)) return part in around.items ? { value: around.items[Number(part)] } : undefined
    const pairs: Pair[] = isMap(around) ? around.items : []
    const pair = pairs.findLast(({ key }) => isScalar(key) && String(key.value) === String(part))
    return pair && { key: pair.key as Node, value: pair.value }
  }
  const find = (path: FieldPath, on: 'key' | 'value'): unknown => {
    let found: unknown = document.contents
    for (const [index, part] of path.entries()) {
      const child = childOf(found, part)
      if (!child) return found
      found = index === path.length - 1 && on === 'key' ? (child.key ?? child.value) : (child.value ?? child.key)
    }
    return found
  }
  return {
    value,
    placeOf: (path, on = 'value') => toPlace(startOf(find(path, on) as Node | null)),
    sourceOf: (path) => {
      const node = follow(find(path, 'value'))
      return isScalar(node) ? node.source : undefined
    },
  }
}

const startOf = (node: Node | null | undefined): number => node?.range?.[0] ?? 0

function attempt<T>(work: () => T): T | Error {
  try {
    return work()
  } catch (error) {
    return error as Error
  }
}

const tooDeep = (error: Error): string =>
  error instanceof RangeError ? 'nested too deeply to be read' : `not valid YAML: ${error.message}`
