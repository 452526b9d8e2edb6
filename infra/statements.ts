// Policy statements, as plain documents. In: ARNs. Out: what a policy says. Never: a principal or resource that admits
// anybody, but under a condition that names who.
import { DETAIL_TYPES } from './events.ts'

export interface Statement {
  Sid?: string
  Effect: 'Allow' | 'Deny'
  Principal?: '*' | { AWS: string } | { Service: string | string[] }
  Action: string | string[]
  Resource: string | string[]
  Condition?: Record<string, Record<string, string | string[]>>
}

export const policyOf = (Statement: Statement[]) => ({ Version: '2012-10-17', Statement })

export const rootOf = (account: string): string => `arn:aws:iam::${account}:root`

/** A domain's account may put its own source's events, of our two types, and nothing else. */
export const mayPublish = (domain: string, account: string, busArn: string): Statement => ({
  Effect: 'Allow',
  Principal: { AWS: rootOf(account) },
  Action: 'events:PutEvents',
  Resource: busArn,
  Condition: ownEvents(domain),
})

/** The condition of everything that publishes for a domain. */
export const ownEvents = (domain: string): NonNullable<Statement['Condition']> => ({
  StringEquals: { 'events:source': `dataproduct.${domain}`, 'events:detail-type': DETAIL_TYPES },
})

/** Only EventBridge, and only for the rules named: the service principal alone would admit every account's rules. */
export const rulesMaySend = (queueArn: string, ruleArns: string[]): Statement => ({
  Sid: 'rules',
  Effect: 'Allow',
  Principal: { Service: 'events.amazonaws.com' },
  Action: 'sqs:SendMessage',
  Resource: queueArn,
  Condition: { ArnEquals: { 'aws:SourceArn': ruleArns } },
})

export const denyInsecure = (service: 'sqs' | 's3', Resource: string | string[]): Statement => ({
  Sid: 'encrypted-transport-only',
  Effect: 'Deny',
  Principal: '*',
  Action: `${service}:*`,
  Resource,
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
})

/** By condition, because a role that another stack has yet to make cannot be named as principal. */
export const roleMayRead = (roleArn: string, account: string, bucket: string): Statement => ({
  Effect: 'Allow',
  Principal: { AWS: rootOf(account) },
  Action: ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket'],
  Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
  Condition: { ArnEquals: { 'aws:PrincipalArn': roleArn } },
})

export const mayRead = (bucket: string): Statement[] => [
  { Effect: 'Allow', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${bucket}` },
  { Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` },
]
