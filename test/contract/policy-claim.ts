// Who may put on a bus, as the claims about policies ask it. In: statements. Out: whether the second account was let in.
// Never: takes an error other than a refusal for one.
import { PutPermissionCommand } from '@aws-sdk/client-eventbridge'
import { expect } from 'vitest'
import type { Claim } from './claim.ts'
import { busArn, put, toEntry, toEvents, toPolicy, withBus } from './eventbridge-client.ts'
import type { Target } from './target.ts'
import { asStage } from './unput.ts'

/** Whether the second account may put the event on a bus with such statements; `allow` is filled in. */
export async function mayPut(target: Target, statements: (allow: object, bus: string) => object[]): Promise<boolean> {
  return await withBus(target, async (name) => {
    const bus = busArn(target, name)
    const allow = { Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource: bus }
    const Policy = toPolicy(...statements(allow, bus))
    const permit = toEvents(target).send(new PutPermissionCommand({ EventBusName: name, Policy }))
    await asStage('PutPermission', permit)
    // pol-018 claims that the bus is found; whom its policy admits is another question.
    const asked = put(target, [toEntry({ EventBusName: bus })], target.otherAccount)
    const { Entries } = await asStage("PutEvents on another account's bus", asked)
    expect(['AccessDeniedException', undefined]).toContain(Entries?.[0]?.ErrorCode)
    return Entries?.[0]?.ErrorCode === undefined
  })
}

/** `change` is laid over a statement that admits everybody. */
export type PolicyRow = [
  id: string,
  says: string,
  source: string,
  isAllowed: boolean,
  change: (target: Target, bus: string) => object,
]

export const toPolicyClaim = ([id, says, source, isAllowed, change]: PolicyRow): Claim => ({
  id,
  says: `${says} (${isAllowed ? 'admitted' : 'refused'})`,
  source,
  needs: ['second-account'],
  async holds(target) {
    expect(await mayPut(target, (allow, bus) => [{ ...allow, ...change(target, bus) }])).toBe(isAllowed)
  },
})
