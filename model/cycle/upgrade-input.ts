// In: what an upgrade brings: from a command, or typed by hand into the Temporal UI. Out: whether a cycle can go by it.
// Never: taken on trust: what a cycle trips over later fails its workflow task again and again, and it would stand still.
import { CUTOFF_ACTIONS } from '../definition.ts'
import type { Condition } from './condition.ts'

/** The place of the first thing that makes no sense; null: it is sound. */
export function faultOfInput(value: unknown): string | null {
  const input = toRecord(value)
  const { expected, condition } = input
  const isWaitable = isList(expected, (one) => isText(toRecord(one)['product']) && isText(toRecord(one)['key']))
  const count = Array.isArray(expected) ? expected.length : 0
  return firstFault([
    ['product', isText(input['product'])],
    ['key', isText(input['key'])],
    ['definitionVersion', isCount(input['definitionVersion'])],
    ['expected', isWaitable],
    ['condition', condition === undefined || isCondition(condition, count)],
    ...['notBeforeMs', 'cutoffMs', 'availableByMs'].map((name): Check => [name, isInstant(input[name], null)]),
    ['businessDate', input['businessDate'] === undefined || /^\d{4}-\d\d-\d\d$/.test(String(input['businessDate']))],
    ...checksOfDefinition(toRecord(input['definition']), input['product']),
  ])
}

type Check = [place: string, isSound: boolean]

const firstFault = (checks: Check[]): string | null => checks.find(([, isSound]) => !isSound)?.[0] ?? null

/** As far as a run goes by it. */
function checksOfDefinition(definition: Record<string, unknown>, product: unknown): Check[] {
  const { visibility, cutoff, publish, dependsOn } = definition
  const [owner, run] = [toRecord(definition['owner']), toRecord(definition['run'])]
  const counts = ['timeoutMinutes', 'attempts', 'retryAfterMs']
  return (
    [
      ['product', isText(product) && definition['product'] === product],
      ['description', typeof definition['description'] === 'string'],
      ['owner', isText(owner['team']) && isText(owner['email'])],
      ['visibility', visibility === 'domain' || visibility === 'mesh'],
      ['dependsOn', isList(dependsOn, isDependency)],
      ['cutoff', cutoff === null || CUTOFF_ACTIONS.some((known) => known === toRecord(cutoff)['then'])],
      ['publish', publish === null || isText(toRecord(publish)['location'])],
      ['run.glue', isText(run['glue'])],
      ['run.arguments', isPlain(run['arguments']) && Object.values(run['arguments'] ?? {}).every(isString)],
      ...counts.map((name): Check => [`run.${name}`, run[name] === 0 || isCount(run[name])]),
      ['run.retry', run['retry'] === undefined || Object.values(toRecord(run['retry'])).every(isRetry)],
      ['settleMs', definition['settleMs'] === undefined || isCount(definition['settleMs'])],
    ] as Check[]
  ).map(([place, isSound]) => [`definition.${place}`, isSound])
}

const isRetry = (rule: unknown): boolean => isPlain(rule) && Object.values(rule).every(isCount)

function isDependency(value: unknown): boolean {
  const { product, atLeast, of } = toRecord(value)
  return atLeast === undefined ? isText(product) : isCount(atLeast) && isList(of, isDependency)
}

/** Each place is one of the expected cycles. */
function isCondition(value: unknown, count: number): boolean {
  const condition = toRecord(value) as Partial<Condition> & Record<string, unknown>
  const isPlace = (at: unknown): boolean => Number.isSafeInteger(at) && Number(at) >= 0 && Number(at) < count
  switch (condition.kind) {
    case 'cycle':
      return isPlace(condition['at'])
    case 'at-least':
      return Number.isSafeInteger(condition['n']) && isList(condition['of'], (part) => isCondition(part, count))
    case 'newest':
    case 'first-not-skipped':
      return isList(condition['of'], isPlace)
    case 'optional':
      return isInstant(condition['afterMs']) && isCondition(condition['of'], count)
    case 'none':
      return isText(condition['product']) && isText(condition['then']) && typeof condition['why'] === 'string'
    default:
      return false
  }
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const toRecord = (value: unknown): Record<string, unknown> => (isPlain(value) ? value : {})

const isString = (value: unknown): value is string => typeof value === 'string'

const isText = (value: unknown): value is string => isString(value) && value.trim() !== ''

const isList = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isItem)

/** As a column of the mirror holds it; in milliseconds some weeks, which no pause reaches. */
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0 && Number(value) < 2 ** 31

/** What a date can hold. */
const isInstant = (value: unknown, none?: null): boolean =>
  (none === null && value === null) || (Number.isSafeInteger(value) && Math.abs(Number(value)) <= 8.64e15)
