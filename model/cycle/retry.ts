// In: the definition's run policy and how a Glue run ended. Out: another attempt, or not.
import type { RunDefinition } from '../definition.ts'
import type { GlueRunEnd } from './cycle.ts'

export type Retry = { kind: 'retry'; afterMs: number } | { kind: 'stop' }

/**
 * A run that a person stopped is not started again, nor is one whose end nobody could learn: it may still be at work.
 * Otherwise the definition's number of attempts decides.
 */
export function decideRetry(run: RunDefinition, attemptsUsed: number, end: GlueRunEnd): Retry {
  if (end.state === 'STOPPED' || end.noticedBy === 'nobody') return { kind: 'stop' }
  return attemptsUsed < run.attempts ? { kind: 'retry', afterMs: run.retryAfterMs } : { kind: 'stop' }
}
