// A cycle that was asked for something and has not answered. In: the cycle, what was thrown. Out: what is known, and what to
// do. Never: "refused": it may still take it.
import { withFullStop } from '../model/full-stop.ts'
import { CommandFailure, EXIT, toSentence } from './failure.ts'

export const noAnswerWords = (error: unknown): string =>
  `It gave no answer: ${withFullStop(toSentence(error))} It may still take it; give the command again. Whether a worker of its version runs: sluice doctor`

export const toNoAnswer = (cycle: string, error: unknown): CommandFailure =>
  new CommandFailure(EXIT.failed, `${cycle}: ${noAnswerWords(error)}`)

/** Asked how it stands, before anything was asked for. */
export const toNoWord = (cycle: string, error: unknown): CommandFailure =>
  new CommandFailure(
    EXIT.failed,
    `${cycle} gave no answer when asked how it stands: ${withFullStop(toSentence(error))} Nothing was asked of it. Whether a worker of its version runs: sluice doctor`,
  )
