// What AWS does, one sentence at a time. In: a sentence, where AWS says it, and how to see it. Out: a test of that name.
// Never: a claim without a source; a claim that holds because its target could not be asked (it is skipped by name).
import { afterAll, beforeAll, test } from 'vitest'
import { type Need, openTarget, type Target } from './target.ts'
import { readStage, watchForeignReplies } from './unput.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** For the report: why the claim was not put. */
    unput?: string
  }
}

export interface Claim {
  /** Service and running number, e.g. `sqs-014`: never used twice, never given to another claim. */
  id: string
  /** What AWS does, as a sentence. */
  says: string
  /** The AWS guide page by name, `model: <service> <shape>` for the SDK's service model, or `ruler: <part>`. */
  source: string
  needs?: Need[]
  /** Sees it with the real SDK; throws (expect) where the target differs. */
  holds: (target: Target) => Promise<void>
}

/** Makes tests of the claims of one file; they share a target, and clean up after themselves by what they name. */
export function putClaims(claims: Claim[]): void {
  let target: Target
  const takeForeignReplies = watchForeignReplies()
  beforeAll(async () => {
    target = await openTarget()
  })
  afterAll(() => target.close())
  for (const { id, says, source, needs = [], holds } of claims) {
    test(`${id} ${says} [${source}]`, async (context) => {
      const skip = (why: string) => {
        context.task.meta.unput = why
        context.skip(`not put: ${why}`)
      }
      const lacking = needs.filter((need) => !target.has(need))
      if (lacking.length > 0) skip(`the target has no ${lacking.join(', no ')}`)
      takeForeignReplies()
      await holds(target).catch((cause: unknown) => {
        const why = readStage(cause) ?? takeForeignReplies()[0]
        // The sandbox has no excuse: what it cannot do is a difference.
        if (why !== undefined && target.kind !== 'sandbox') skip(why)
        throw cause
      })
    })
  }
}
