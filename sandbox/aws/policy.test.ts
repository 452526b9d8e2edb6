// Resource policies: who is let in, by which statement, under which condition.

import { expect, test } from 'vitest'
import { evaluatePolicy, type PolicyRequest, parsePolicy } from './policy.ts'

const queueArn = 'arn:aws:sqs:us-east-1:222222222222:inbox'
const ruleArn = 'arn:aws:events:us-east-1:222222222222:rule/d1/to-inbox'

const fromRule: PolicyRequest = {
  principal: { kind: 'service', id: 'events.amazonaws.com' },
  action: 'sqs:SendMessage',
  resource: queueArn,
  context: { 'aws:SourceArn': ruleArn, 'aws:SourceAccount': '222222222222' },
}
const fromAccount: PolicyRequest = {
  principal: { kind: 'account', id: '333333333333' },
  action: 'sqs:SendMessage',
  resource: queueArn,
  context: { 'aws:PrincipalAccount': '333333333333', 'aws:PrincipalOrgID': 'o-sandbox' },
}

function judge(statements: object[], request: PolicyRequest) {
  const reading = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }))
  if (reading.kind === 'refused') throw new Error(reading.problem)
  return evaluatePolicy(reading.policy, request)
}

const allow = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: queueArn }
const service = { ...allow, Principal: { Service: 'events.amazonaws.com' } }

test('without a policy or a matching statement the policy is silent', () => {
  expect(evaluatePolicy(undefined, fromRule)).toBe('silent')
  expect(judge([{ ...allow, Principal: { Service: 's3.amazonaws.com' } }], fromRule)).toBe('silent')
  expect(judge([{ ...service, Action: 'sqs:ReceiveMessage' }], fromRule)).toBe('silent')
  expect(judge([{ ...service, Resource: `${queueArn}-other` }], fromRule)).toBe('silent')
})

test('a statement for accounts does not let a service in, nor the other way round', () => {
  expect(judge([{ ...allow, Principal: { AWS: '*' } }], fromRule)).toBe('silent')
  expect(judge([service], fromAccount)).toBe('silent')
  expect(judge([{ ...allow, Principal: '*' }], fromRule)).toBe('allowed')
})

test.each(['333333333333', 'arn:aws:iam::333333333333:root', 'arn:aws:iam::333333333333:role/sluice'])(
  'principal %s is account 333333333333',
  (name) => {
    expect(judge([{ ...allow, Principal: { AWS: ['444444444444', name] } }], fromAccount)).toBe('allowed')
  },
)

test('an explicit deny wins', () => {
  const deny = { Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: '*' }
  expect(judge([{ ...allow, Principal: '*' }, deny], fromAccount)).toBe('denied')
})

test('actions and resources may be named by what is not meant', () => {
  expect(judge([{ Effect: 'Allow', Principal: '*', NotAction: 'sqs:Delete*', Resource: queueArn }], fromRule)).toBe(
    'allowed',
  )
  expect(judge([{ Effect: 'Allow', Principal: '*', NotAction: 'sqs:*', Resource: queueArn }], fromRule)).toBe('silent')
  expect(judge([{ Effect: 'Allow', Principal: '*', Action: 'sqs:*', NotResource: queueArn }], fromRule)).toBe('silent')
})

test('actions match in any case and by wildcard', () => {
  expect(judge([{ ...service, Action: ['SQS:Send*'] }], fromRule)).toBe('allowed')
})

test.each([
  [{ ArnEquals: { 'aws:SourceArn': ruleArn } }, 'allowed'],
  [{ ArnLike: { 'aws:sourcearn': 'arn:aws:events:*:222222222222:rule/d1/*' } }, 'allowed'],
  [{ ArnLike: { 'aws:SourceArn': 'arn:aws:events:*:rule/d1/*' } }, 'silent'],
  [{ ArnEquals: { 'aws:SourceArn': `${ruleArn}2` } }, 'silent'],
  [{ StringEquals: { 'aws:SourceAccount': ['1', '222222222222'] } }, 'allowed'],
  [{ StringEquals: { 'aws:SourceAccount': '333333333333' } }, 'silent'],
  [{ StringLike: { 'aws:SourceArn': '*:rule/d?/to-inbox' } }, 'allowed'],
  [{ StringNotEquals: { 'aws:SourceAccount': '222222222222' } }, 'silent'],
  [{ StringEquals: { 'aws:PrincipalOrgID': 'o-sandbox' } }, 'silent'],
  [{ StringEqualsIfExists: { 'aws:PrincipalOrgID': 'o-sandbox' } }, 'allowed'],
  [{ StringNotEquals: { 'aws:PrincipalOrgID': 'o-other' } }, 'allowed'],
  [{ Null: { 'aws:SourceArn': 'false' } }, 'allowed'],
  [{ Null: { 'aws:SourceArn': 'true' } }, 'silent'],
  [{ 'ForAllValues:StringEquals': { 'aws:SourceAccount': '222222222222' } }, 'allowed'],
  [
    { StringEquals: { 'aws:SourceAccount': '222222222222' }, ArnEquals: { 'aws:SourceArn': 'arn:aws:events:::other' } },
    'silent',
  ],
])('condition %j is %s', (condition, verdict) => {
  expect(judge([{ ...service, Condition: condition }], fromRule)).toBe(verdict)
})

test('a boolean condition takes JSON true and the text', () => {
  const request = { ...fromAccount, context: { 'events:eventBusInvocation': 'true' } }
  const statement = { ...allow, Principal: '*' }
  expect(judge([{ ...statement, Condition: { Bool: { 'events:eventBusInvocation': true } } }], request)).toBe('allowed')
  expect(judge([{ ...statement, Condition: { Bool: { 'events:eventBusInvocation': 'false' } } }], request)).toBe(
    'silent',
  )
})

test.each([
  ['{', 'not JSON'],
  ['{"Statement": [{"Effect": "Maybe", "Principal": "*", "Action": "sqs:*"}]}', 'Effect'],
  ['{"Statement": [{"Effect": "Allow", "Action": "sqs:*"}]}', 'Principal'],
  ['{"Statement": [{"Effect": "Allow", "Principal": "*"}]}', 'Action'],
  ['{"Statement": []}', 'no statement'],
  ['{"Version": "2020-01-01", "Statement": []}', 'Version'],
  ['{"Statements": []}', 'Statements'],
  ['{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "me"}, "Action": "sqs:*"}]}', 'Principal'],
  ['{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "a", "NotAction": "b"}]}', 'both'],
  ['{"Statement": [{"Effect": "Allow", "NotPrincipal": "*", "Action": "sqs:*"}]}', 'NotPrincipal'],
  [
    '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Condition": {"DateLessThan": {}}}]}',
    'DateLessThan',
  ],
])('a policy that cannot be evaluated is refused: %s', (text, named) => {
  expect(parsePolicy(text)).toMatchObject({ kind: 'refused', problem: expect.stringContaining(named) })
})
