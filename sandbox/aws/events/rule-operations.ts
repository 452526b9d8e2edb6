// Rules. In: a pattern and a state. Out: rules of a bus, listed and described.
// Never: keeps a rule whose pattern cannot be matched here as AWS would match it.

import { type Input, readInteger, readText, refuseFields, requireField } from '../input.ts'
import { AwsError, type Caller } from '../service.ts'
import { type Bus, type Buses, type Rule, requireRule, toRuleArn, validation } from './bus.ts'
import { parsePattern } from './pattern.ts'
import { readTags } from './tag-operations.ts'

const patternLimit = 2048
const ruleLimit = 300

export const createRuleOperations = (buses: Buses) => ({
  PutRule(input: Input, caller: Caller) {
    refuseFields(input, 'PutRule', ['ScheduleExpression'])
    const bus = buses.require(readText(input, 'EventBusName'), caller)
    const name = requireName(input)
    const patternText = readText(input, 'EventPattern')
    if (patternText === undefined) {
      throw validation('Parameter(s) EventPattern or ScheduleExpression must be specified.')
    }
    const { isMatch } = requirePattern(patternText)
    const previous = bus.rules.get(name)
    if (!previous && bus.rules.size >= ruleLimit) {
      throw new AwsError(
        'LimitExceededException',
        `The requested resource exceeds the maximum number allowed: ${ruleLimit} rules.`,
      )
    }
    const rule: Rule = {
      name,
      arn: toRuleArn(bus, name),
      state: readState(input),
      patternText,
      isMatch,
      description: readText(input, 'Description'),
      roleArn: readText(input, 'RoleArn'),
      targets: previous?.targets ?? [],
      // Tags come with the making of a rule; TagResource changes them later.
      tags: previous?.tags ?? readTags(input) ?? new Map(),
    }
    bus.rules.set(name, rule)
    return { RuleArn: rule.arn }
  },

  DescribeRule(input: Input, caller: Caller) {
    const bus = buses.require(readText(input, 'EventBusName'), caller)
    return { ...toWire(bus, requireRule(bus, input)), CreatedBy: bus.account }
  },

  ListRules(input: Input, caller: Caller) {
    const bus = buses.require(readText(input, 'EventBusName'), caller)
    const prefix = readText(input, 'NamePrefix') ?? ''
    const rules = [...bus.rules.values()].filter((rule) => rule.name.startsWith(prefix))
    const { page, NextToken } = paginate(rules, input)
    return { Rules: page.map((rule) => toWire(bus, rule)), NextToken }
  },

  DeleteRule(input: Input, caller: Caller) {
    const bus = buses.require(readText(input, 'EventBusName'), caller)
    const rule = bus.rules.get(requireName(input))
    if (rule && rule.targets.length > 0) throw validation("Rule can't be deleted since it has targets.")
    // AWS answers the same for a rule that is not there.
    if (rule) bus.rules.delete(rule.name)
  },

  EnableRule(input: Input, caller: Caller) {
    requireRule(buses.require(readText(input, 'EventBusName'), caller), input).state = 'ENABLED'
  },

  DisableRule(input: Input, caller: Caller) {
    requireRule(buses.require(readText(input, 'EventBusName'), caller), input).state = 'DISABLED'
  },
})

/** Throws what AWS throws for a pattern that it refuses. */
export function requirePattern(text: string): Pick<Rule, 'isMatch'> {
  if (text.length > patternLimit) {
    throw new AwsError(
      'InvalidEventPatternException',
      `Event pattern is not valid. Reason: longer than ${patternLimit}`,
    )
  }
  const reading = parsePattern(text)
  if (reading.kind === 'ok') return { isMatch: reading.isMatch }
  throw new AwsError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reading.reason}`)
}

/** One page of a list by position; tokens are opaque to callers. */
export function paginate<Item>(items: Item[], input: Input): { page: Item[]; NextToken?: string } {
  const limit = readInteger(input, 'Limit') ?? 100
  if (limit < 1 || limit > 100) throw validation(`Value '${limit}' at 'limit' must be between 1 and 100`)
  const token = readText(input, 'NextToken')
  const start = token === undefined ? 0 : Number(Buffer.from(token, 'base64').toString())
  if (!Number.isInteger(start) || start < 0) throw validation(`The NextToken "${token}" is not one of this list.`)
  const end = start + limit
  const NextToken = end < items.length ? Buffer.from(String(end)).toString('base64') : undefined
  return { page: items.slice(start, end), NextToken }
}

function requireName(input: Input): string {
  const name = requireField(readText(input, 'Name'), 'name')
  if (/^[.\-_A-Za-z0-9]{1,64}$/.test(name)) return name
  throw validation(`1 validation error detected: Value '${name}' at 'name' must match [.\\-_A-Za-z0-9]+, at most 64`)
}

function readState(input: Input): Rule['state'] {
  const state = readText(input, 'State') ?? 'ENABLED'
  if (state === 'ENABLED' || state === 'DISABLED') return state
  throw validation(`The sandbox knows the rule states ENABLED and DISABLED, not '${state}'.`)
}

function toWire(bus: Bus, rule: Rule) {
  return {
    Name: rule.name,
    Arn: rule.arn,
    EventPattern: rule.patternText,
    State: rule.state,
    Description: rule.description,
    RoleArn: rule.roleArn,
    EventBusName: bus.name,
  }
}
