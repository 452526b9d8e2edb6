// Resource policies, pure. In: a policy document and one request. Out: whether it allows, denies or says nothing.
// Never: knows identity policies; a caller is its whole account, so a role or user as principal means its account.

import { isRecord } from './input.ts'

export interface Statement {
  Sid?: string
  Effect: 'Allow' | 'Deny'
  Principal: '*' | { AWS?: string | string[]; Service?: string | string[] }
  Action?: string | string[]
  NotAction?: string | string[]
  Resource?: string | string[]
  NotResource?: string | string[]
  Condition?: Record<string, Record<string, unknown>>
}

export interface Policy {
  Version?: string
  Id?: string
  Statement: Statement[]
}

export interface PolicyRequest {
  principal: { kind: 'account' | 'service'; id: string }
  /** `sqs:SendMessage` */
  action: string
  resource: string
  /** Condition keys; names in any case. */
  context: Record<string, string | string[] | undefined>
}

export type PolicyVerdict = 'allowed' | 'denied' | 'silent'

/** An explicit Deny wins; `silent` means that no statement matched. */
export function evaluatePolicy(policy: Policy | undefined, request: PolicyRequest): PolicyVerdict {
  const matching = (policy?.Statement ?? []).filter((statement) => isStatementMatch(statement, request))
  if (matching.some((statement) => statement.Effect === 'Deny')) return 'denied'
  return matching.length > 0 ? 'allowed' : 'silent'
}

/** Parses a policy text; the problems name what AWS refuses and what the sandbox does not implement. */
export function parsePolicy(text: string): { kind: 'ok'; policy: Policy } | { kind: 'refused'; problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return { kind: 'refused', problem: `The policy is not JSON: ${(cause as Error).message}` }
  }
  if (!isRecord(value)) return { kind: 'refused', problem: 'The policy is not a JSON object.' }
  const unknown = Object.keys(value).find((name) => !['Version', 'Id', 'Statement'].includes(name))
  if (unknown !== undefined) return { kind: 'refused', problem: `A policy has no field "${unknown}".` }
  if (!['2012-10-17', '2008-10-17', undefined].includes(value['Version'] as string | undefined))
    return { kind: 'refused', problem: 'Version must be 2012-10-17 or 2008-10-17.' }
  const statements: unknown[] = Array.isArray(value['Statement']) ? value['Statement'] : [value['Statement']]
  if (statements.length === 0) return { kind: 'refused', problem: 'The policy has no statement.' }
  const sids = statements.flatMap((item) => (isRecord(item) && item['Sid'] !== undefined ? [item['Sid']] : []))
  if (new Set(sids).size < sids.length)
    return { kind: 'refused', problem: 'Statement ids (Sid) must differ from each other.' }
  for (const [index, statement] of statements.entries()) {
    const problem = statementProblem(statement)
    if (problem !== undefined) return { kind: 'refused', problem: `Statement ${index}: ${problem}` }
  }
  return { kind: 'ok', policy: { ...value, Statement: statements as Statement[] } }
}

function statementProblem(statement: unknown): string | undefined {
  if (!isRecord(statement)) return 'is not an object.'
  const unknown = Object.keys(statement).find((name) => !statementFields.includes(name))
  if (unknown !== undefined) return `the sandbox does not implement "${unknown}".`
  if (statement['Effect'] !== 'Allow' && statement['Effect'] !== 'Deny') return 'Effect must be Allow or Deny.'
  const { Principal: principal, Condition: condition } = statement
  if (principal !== '*' && !isPrincipal(principal)) return 'Principal must be "*" or an object of AWS and Service.'
  return listsProblem(statement) ?? conditionProblem(condition)
}

/** What is done, and to what, each as a list of what is meant or of what is not. */
function listsProblem(statement: Record<string, unknown>): string | undefined {
  for (const [name, isCompulsory] of [
    ['Action', true],
    ['Resource', false],
  ] as const) {
    const given = [statement[name], statement[`Not${name}`]].filter((value) => value !== undefined)
    if (given.length > 1) return `has both ${name} and Not${name}.`
    if (given.length === 0 ? isCompulsory : !isTexts(given[0])) return `${name} must be a string or a list of strings.`
  }
  return undefined
}

function conditionProblem(condition: unknown): string | undefined {
  if (condition === undefined) return undefined
  if (!isRecord(condition)) return 'Condition must be an object.'
  for (const [operator, keys] of Object.entries(condition)) {
    if (!isRecord(keys)) return `Condition ${operator} must be an object.`
    if (readOperator(operator) === undefined) return `the sandbox does not implement the condition "${operator}".`
  }
  return undefined
}

const statementFields = ['Sid', 'Effect', 'Principal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition']

function isPrincipal(value: unknown): boolean {
  if (!isRecord(value) || Object.keys(value).length === 0) return false
  return Object.entries(value).every(
    ([kind, names]) =>
      isTexts(names) &&
      (kind === 'Service' || (kind === 'AWS' && listOf(names).every((name) => isAccountPrincipal(name)))),
  )
}

function isTexts(value: unknown): value is string | string[] {
  return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'))
}

function isStatementMatch(statement: Statement, request: PolicyRequest): boolean {
  return (
    isPrincipalMatch(statement.Principal, request.principal) &&
    isListed(statement.Action, statement.NotAction, (text) =>
      isLike(text.toLowerCase(), request.action.toLowerCase()),
    ) &&
    isListed(statement.Resource, statement.NotResource, (text) => isLike(text, request.resource)) &&
    Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
      isConditionMet(operator, keys, request.context),
    )
  )
}

/** Neither list given means any. */
function isListed(
  meant: string | string[] | undefined,
  notMeant: string | string[] | undefined,
  isSame: (text: string) => boolean,
): boolean {
  if (notMeant !== undefined) return !listOf(notMeant).some(isSame)
  return meant === undefined || listOf(meant).some(isSame)
}

function isPrincipalMatch(principal: Statement['Principal'], asked: PolicyRequest['principal']): boolean {
  if (principal === '*') return true
  if (asked.kind === 'service') return listOf(principal.Service ?? []).includes(asked.id)
  return listOf(principal.AWS ?? []).some((name) => name === '*' || accountOf(name) === asked.id)
}

function isAccountPrincipal(name: string): boolean {
  return name === '*' || /^\d{12}$/.test(accountOf(name))
}

/** `123456789012` or the account of an IAM or STS ARN. */
function accountOf(name: string): string {
  return /^arn:aws[\w-]*:(?:iam|sts)::(\d{12}):/.exec(name)?.[1] ?? name
}

interface Operator {
  test: (pattern: string, value: string) => boolean
  isNegated: boolean
  isIfExists: boolean
  set: 'any' | 'all' | undefined
}

const tests: Record<string, { test: Operator['test']; isNegated: boolean }> = {
  StringEquals: { test: (pattern, value) => pattern === value, isNegated: false },
  StringNotEquals: { test: (pattern, value) => pattern === value, isNegated: true },
  StringEqualsIgnoreCase: { test: (pattern, value) => pattern.toLowerCase() === value.toLowerCase(), isNegated: false },
  StringNotEqualsIgnoreCase: {
    test: (pattern, value) => pattern.toLowerCase() === value.toLowerCase(),
    isNegated: true,
  },
  StringLike: { test: isLike, isNegated: false },
  StringNotLike: { test: isLike, isNegated: true },
  // AWS gives ArnEquals and ArnLike the same meaning: wildcards within each part.
  ArnEquals: { test: isArnLike, isNegated: false },
  ArnLike: { test: isArnLike, isNegated: false },
  ArnNotEquals: { test: isArnLike, isNegated: true },
  ArnNotLike: { test: isArnLike, isNegated: true },
  Bool: { test: (pattern, value) => pattern.toLowerCase() === value.toLowerCase(), isNegated: false },
}

function readOperator(text: string): Operator | 'Null' | undefined {
  if (text === 'Null') return 'Null'
  const parts = /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/.exec(text)
  const name = parts?.[2] ?? ''
  const found = Object.hasOwn(tests, name) ? tests[name] : undefined
  if (!parts || !found) return undefined
  const set = parts[1] === 'ForAnyValue' ? 'any' : parts[1] === 'ForAllValues' ? 'all' : undefined
  return { ...found, isIfExists: parts[3] !== undefined, set }
}

function isConditionMet(
  operatorText: string,
  keys: Record<string, unknown>,
  context: PolicyRequest['context'],
): boolean {
  const operator = readOperator(operatorText)
  return Object.entries(keys).every(([key, wanted]) => {
    const values = contextValues(context, key)
    const patterns = (Array.isArray(wanted) ? wanted : [wanted]).map(String)
    if (operator === undefined) return false
    if (operator === 'Null') return patterns.includes(String(values.length === 0))
    if (values.length === 0)
      return operator.isIfExists || operator.set === 'all' || (operator.isNegated && !operator.set)
    const isMet = (value: string) => patterns.some((pattern) => operator.test(pattern, value)) !== operator.isNegated
    return operator.set === 'any' ? values.some(isMet) : values.every(isMet)
  })
}

function contextValues(context: PolicyRequest['context'], key: string): string[] {
  const name = Object.keys(context).find((other) => other.toLowerCase() === key.toLowerCase())
  const value = name === undefined ? undefined : context[name]
  return value === undefined ? [] : listOf(value)
}

function isArnLike(pattern: string, value: string): boolean {
  const patterns = splitArn(pattern)
  const parts = splitArn(value)
  return patterns.length === parts.length && patterns.every((part, index) => isLike(part, parts[index] ?? ''))
}

/** The sixth part, the resource, may hold colons itself. */
function splitArn(arn: string): string[] {
  const parts = arn.split(':')
  return [...parts.slice(0, 5), parts.slice(5).join(':')]
}

/** `*` is any run of characters, `?` any one. */
function isLike(pattern: string, value: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]')
  return new RegExp(`^${source}$`).test(value)
}

function listOf(value: string | string[]): string[] {
  return typeof value === 'string' ? [value] : value
}
