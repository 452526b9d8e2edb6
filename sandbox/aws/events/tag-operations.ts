// Tags of buses and rules. In: an ARN and tags. Out: the tags of that bus or rule.
// Never: lets a tag decide anything; they are kept for what deploys them.

import { type Input, readRecords, readText, readTexts, requireField } from '../input.ts'
import { AwsError, type Caller } from '../service.ts'
import { type Bus, type Buses, type Rule, toRuleArn, validation } from './bus.ts'

const tagLimit = 50

export const createTagOperations = (buses: Buses) => ({
  TagResource(input: Input, caller: Caller) {
    const { tags } = requireTagged(buses, input, caller)
    const given = requireField(readTags(input), 'tags')
    if (new Map([...tags, ...given]).size > tagLimit) throw validation(`A resource has at most ${tagLimit} tags.`)
    for (const [key, value] of given) tags.set(key, value)
  },

  UntagResource(input: Input, caller: Caller) {
    const { tags } = requireTagged(buses, input, caller)
    for (const key of requireField(readTexts(input, 'TagKeys'), 'tagKeys')) tags.delete(key)
  },

  ListTagsForResource(input: Input, caller: Caller) {
    const { tags } = requireTagged(buses, input, caller)
    return { Tags: [...tags].map(([Key, Value]) => ({ Key, Value })) }
  },
})

/** The field `Tags` of any call that has one. */
export function readTags(input: Input): Map<string, string> | undefined {
  const tags = readRecords(input, 'Tags')
  return (
    tags &&
    new Map(
      tags.map((tag) => [requireField(readText(tag, 'Key'), 'key'), requireField(readText(tag, 'Value'), 'value')]),
    )
  )
}

function requireTagged(buses: Buses, input: Input, caller: Caller): Bus | Rule {
  const arn = requireField(readText(input, 'ResourceARN'), 'resourceARN')
  const own = buses.all().filter((bus) => bus.account === caller.account && bus.region === caller.region)
  for (const bus of own) {
    if (bus.arn === arn) return bus
    const rule = [...bus.rules.values()].find(({ name }) => toRuleArn(bus, name) === arn)
    if (rule) return rule
  }
  throw new AwsError('ResourceNotFoundException', `The resource ${arn} does not exist.`)
}
