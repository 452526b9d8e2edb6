// What a run may cost. In: capacity fields of a job or a run. Out: them with what Glue fills in, or
// InvalidInputException where they contradict each other. Pure.

import { type Fields, invalid, readCount } from './input.ts'

const dpuOf: Record<string, number> = {
  Standard: 1,
  'G.025X': 0.25,
  'G.1X': 1,
  'G.2X': 2,
  'G.4X': 4,
  'G.8X': 8,
  'G.12X': 12,
  'G.16X': 16,
  'R.1X': 1,
  'R.2X': 2,
  'R.4X': 4,
  'R.8X': 8,
  'Z.2X': 2,
}

/** The size is its own when it names any of it, else inherited; who names workers does not name a capacity. */
export function readCapacity(input: Fields, inherited: Fields): Fields {
  const isByWorkers = isGiven(input, 'WorkerType') || isGiven(input, 'NumberOfWorkers')
  const isByCapacity = isGiven(input, 'MaxCapacity')
  if (isByWorkers && isByCapacity) {
    throw invalid('Please do not set Max Capacity if using Worker Type and Number of Workers.')
  }
  const executionClass = input['ExecutionClass'] ?? inherited['ExecutionClass']
  if (executionClass !== 'STANDARD' && executionClass !== 'FLEX') {
    throw invalid(`ExecutionClass must be STANDARD or FLEX; found ${JSON.stringify(executionClass)}.`)
  }
  const rest = {
    ExecutionClass: executionClass,
    SecurityConfiguration: input['SecurityConfiguration'] ?? inherited['SecurityConfiguration'],
  }
  if (isByCapacity) return { ...rest, MaxCapacity: readDpus(input) }
  if (!isByWorkers && inherited['WorkerType'] === undefined) {
    return { ...rest, MaxCapacity: inherited['MaxCapacity'] }
  }
  return { ...rest, ...readWorkers(input, inherited) }
}

/** Glue tells DPU seconds of flexible and of auto-scaled runs only. */
export const isMetered = (capacity: Fields, effectiveArguments: Record<string, string>): boolean =>
  capacity['ExecutionClass'] === 'FLEX' || effectiveArguments['--enable-auto-scaling'] === 'true'

const isGiven = (input: Fields, name: string) => input[name] !== undefined && input[name] !== null

function readDpus(input: Fields): number {
  const dpus = input['MaxCapacity']
  if (typeof dpus === 'number' && dpus > 0) return dpus
  throw invalid(`MaxCapacity must be a number above 0; found ${JSON.stringify(dpus)}.`)
}

function readWorkers(input: Fields, inherited: Fields): Fields {
  const type = input['WorkerType'] ?? inherited['WorkerType']
  const dpu = typeof type === 'string' && Object.hasOwn(dpuOf, type) ? dpuOf[type] : undefined
  if (dpu === undefined)
    throw invalid(`WorkerType must be one of ${Object.keys(dpuOf).join(', ')}; found ${String(type)}.`)
  const count = readCount(input, 'NumberOfWorkers', { min: 1, max: 10_000 }) ?? Number(inherited['NumberOfWorkers'])
  return { WorkerType: type, NumberOfWorkers: count, MaxCapacity: count * dpu }
}
