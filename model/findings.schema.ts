// In: what zod found wrong with a value read from YAML. Out: the same in the words of the definition file, by path.
// Never: zod's own sentences; a finding without a hint of what would be right.
import { z } from 'zod'
import { didYouMean } from './nearest.ts'

export type FieldPath = (string | number)[]

export interface Finding {
  path: FieldPath
  /** What the line and column are to point at. */
  on: 'key' | 'value'
  message: string
}

/** What the author typed at a path, where that differs from the value: `012` is the number 12. */
export type SourceOf = (path: FieldPath) => string | undefined

interface Context {
  schema: z.ZodType
  value: unknown
  sourceOf: SourceOf
}

type Issue = z.core.$ZodIssue

/** Every fault of the value, in the order of the schema. */
export const toFindings = (issues: readonly Issue[], context: Context): Finding[] =>
  issues.flatMap((issue) => toFinding(issue, issue.path as FieldPath, context))

function toFinding(issue: Issue, path: FieldPath, context: Context): Finding[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, context))
    case 'invalid_type':
      return [wrongType(issue.expected, path, context)]
    case 'invalid_value':
      return [wrongWord(issue.values.map(String), path, context, issue.message)]
    case 'invalid_union':
      return branchFindings(issue.errors, path, context)
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ path, on: 'key', message: `${name(path.slice(0, -1))}${message}` }))
    default:
      return [{ path, on: 'value', message: `${name(path)}${issue.message}` }]
  }
}

function unknownKey(key: string, path: FieldPath, context: Context): Finding {
  const known = keysAt(context.schema, path)
  const where = path.length === 0 ? '' : ` in ${pathText(path)}`
  const guess = didYouMean(key, known) || `; known: ${known.join(', ')}`
  return { path: [...path, key], on: 'key', message: `unknown key "${key}"${where}${guess}` }
}

function wrongType(expected: string, path: FieldPath, context: Context): Finding {
  const found = valueAt(context.value, path)
  const last = path.at(-1)
  if (found === undefined) {
    return {
      path: path.slice(0, -1),
      on: 'value',
      message: `${pathText(path)} is missing${hint(context.schema, path)}`,
    }
  }
  if (expected === 'string' && (typeof found === 'number' || typeof found === 'boolean')) {
    const source = context.sourceOf(path) ?? String(found)
    const quoted = typeof last === 'string' ? `${last}: "${source}"` : `"${source}"`
    const what = typeof found === 'number' ? 'a number' : 'true or false'
    return { path, on: 'value', message: `${name(path)}${source} is ${what} in YAML; quote it: ${quoted}` }
  }
  return { path, on: 'value', message: `${name(path)}expected ${kindWord(expected)}, found ${describe(found)}` }
}

function wrongWord(words: string[], path: FieldPath, context: Context, own: string): Finding {
  const found = valueAt(context.value, path)
  if (found === undefined) {
    return { path: path.slice(0, -1), on: 'value', message: `${pathText(path)} is missing; write ${orList(words)}` }
  }
  if (!own.startsWith('Invalid ')) return { path, on: 'value', message: `${name(path)}${own}` }
  const guess = typeof found === 'string' ? didYouMean(found, words) : ''
  return { path, on: 'value', message: `${name(path)}expected ${orList(words)}, found ${describe(found)}${guess}` }
}

/** Of several shapes, the one the author seems to have meant: the one that fits the kind of value found. */
function branchFindings(branches: readonly (readonly Issue[])[], path: FieldPath, context: Context): Finding[] {
  const deep = branches.find((issues) => !issues.some((issue) => issue.path.length === 0 && isKindIssue(issue)))
  if (deep) return deep.flatMap((issue) => toFinding(issue, [...path, ...(issue.path as FieldPath)], context))
  const shapes = branches.flatMap((issues) => issues.map(shapeWord))
  const found = valueAt(context.value, path)
  return [{ path, on: 'value', message: `${name(path)}expected ${orList(shapes)}, found ${describe(found)}` }]
}

const isKindIssue = (issue: Issue): boolean => issue.code === 'invalid_type' || issue.code === 'invalid_value'

function shapeWord(issue: Issue): string {
  if (issue.code === 'invalid_type') return kindWord(issue.expected)
  return issue.code === 'invalid_value' ? orList(issue.values.map(String)) : issue.message
}

const name = (path: FieldPath): string => (path.length === 0 ? '' : `${pathText(path)}: `)

const pathText = (path: FieldPath): string =>
  path.map((part, index) => (typeof part === 'number' ? `[${part + 1}]` : index === 0 ? part : `.${part}`)).join('')

const KIND_WORDS: Record<string, string> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  object: 'a block of keys',
  record: 'a block of keys',
  array: 'a list',
}

const kindWord = (kind: string): string => KIND_WORDS[kind] ?? kind

function describe(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  // JSON has no word for .inf and .nan.
  if (typeof value === 'number') return String(value)
  return typeof value === 'object' ? 'a block of keys' : JSON.stringify(value)
}

const orList = (words: string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`

function valueAt(value: unknown, path: FieldPath): unknown {
  let found: unknown = value
  for (const part of path) found = isRecord(found) ? found[part] : undefined
  return found
}

const isRecord = (value: unknown): value is Record<string | number, unknown> =>
  typeof value === 'object' && value !== null

/** The keys that the schema knows at a path; of a union, those of its block form. */
function keysAt(schema: z.ZodType, path: FieldPath): string[] {
  const found = schemaAt(schema, path)
  const block = found && blockOf(found)
  return block instanceof z.ZodObject ? Object.keys(block.shape) : []
}

/** The description of what is missing, as the end of a sentence. */
function hint(schema: z.ZodType, path: FieldPath): string {
  const [first = '', ...rest] = schemaAt(schema, path)?.meta()?.description ?? ''
  if (!first) return ''
  return `: ${/[a-z ]/.test(rest[0] ?? '') ? first.toLowerCase() : first}${rest.join('')}`
}

function schemaAt(schema: z.ZodType, path: FieldPath): z.ZodType | undefined {
  let found: z.ZodType | undefined = schema
  for (const part of path) {
    const block: z.ZodType | undefined = found && blockOf(found)
    if (block instanceof z.ZodObject) found = (block.shape as Record<string, z.ZodType>)[String(part)]
    else found = block instanceof z.ZodArray ? (block.element as z.ZodType) : undefined
  }
  return found
}

/** Looks through "optional" and "default", and at the block form of a union. */
function blockOf(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return blockOf(schema.unwrap() as z.ZodType)
  if (schema instanceof z.ZodUnion) {
    const options = schema.options as z.ZodType[]
    return options.map(blockOf).find((option) => option instanceof z.ZodObject) ?? schema
  }
  return schema
}
