// Reading operation inputs. In: parsed JSON whose shape nobody has checked. Out: typed fields, or AWS's error naming the field.
// Never: takes a value of the wrong type for an absent one.

import { AwsError } from './service.ts'

export type Input = Record<string, unknown>

export function readText(input: Input, name: string): string | undefined {
  return readAs(input, name, 'a string', (value) => typeof value === 'string') as string | undefined
}

export function readInteger(input: Input, name: string): number | undefined {
  return readAs(input, name, 'a whole number', (value) => Number.isInteger(value)) as number | undefined
}

export function readTexts(input: Input, name: string): string[] | undefined {
  const isTexts = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string')
  return readAs(input, name, 'a list of strings', isTexts) as string[] | undefined
}

export function readRecord(input: Input, name: string): Input | undefined {
  return readAs(input, name, 'an object', isRecord) as Input | undefined
}

/** A list of objects, such as the entries of a batch. */
export function readRecords(input: Input, name: string): Input[] | undefined {
  const isRecords = (value: unknown) => Array.isArray(value) && value.every(isRecord)
  return readAs(input, name, 'a list of objects', isRecords) as Input[] | undefined
}

/** The value, or AWS's validation error for a compulsory field that is absent. */
export function requireField<Value>(value: Value | undefined, name: string): Value {
  if (value !== undefined) return value
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  )
}

export function isRecord(value: unknown): value is Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Refuses what the sandbox would otherwise silently ignore. */
export function refuseFields(input: Input, operation: string, names: string[]): void {
  const found = names.filter((name) => input[name] !== undefined)
  if (found.length === 0) return
  throw new AwsError('ValidationException', `The sandbox does not implement ${found.join(', ')} of ${operation}.`)
}

function readAs(input: Input, name: string, wanted: string, isWanted: (value: unknown) => boolean): unknown {
  const value = Object.hasOwn(input, name) ? input[name] : undefined
  if (value === undefined || value === null) return undefined
  if (!isWanted(value)) throw new AwsError('SerializationException', `"${name}" must be ${wanted}.`)
  return value
}
