// Reads the inputs of Glue calls. In: JSON of a client. Out: typed values, or InvalidInputException naming the field.

import { AwsError } from '../service.ts'

export type Fields = Record<string, unknown>

export function requireText(input: Fields, name: string): string {
  const value = input[name]
  if (typeof value === 'string' && value !== '') return value
  throw invalid(`${name} must be a text that is not empty; found ${JSON.stringify(value) ?? 'nothing'}.`)
}

export function readFields(input: Fields, name: string): Fields | undefined {
  const value = input[name]
  if (value === undefined || value === null) return undefined
  if (isFields(value)) return value
  throw invalid(`${name} must be a structure; found ${JSON.stringify(value)}.`)
}

/** A whole number within bounds, or undefined when it is not given. */
export function readCount(input: Fields, name: string, bounds: { min: number; max: number }): number | undefined {
  const value = input[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= bounds.min && value <= bounds.max) return value
  const wanted = `a whole number from ${bounds.min} to ${bounds.max}`
  throw invalid(`${name} must be ${wanted}; found ${JSON.stringify(value)}.`)
}

/** A map of texts, such as a run's arguments. */
export function readTextMap(input: Fields, name: string): Record<string, string> | undefined {
  const map = readFields(input, name)
  if (map === undefined) return undefined
  for (const [key, value] of Object.entries(map)) {
    if (typeof value !== 'string') throw invalid(`${name}["${key}"] must be a text; found ${JSON.stringify(value)}.`)
  }
  return map as Record<string, string>
}

export function invalid(message: string): AwsError {
  return new AwsError('InvalidInputException', message)
}

export function notFound(message: string): AwsError {
  return new AwsError('EntityNotFoundException', message)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
