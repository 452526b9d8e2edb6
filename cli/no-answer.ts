// A cycle that was asked for something and has not answered. In: the cycle, what was thrown. Out: what is known, and what to
// do. Never: "refused": it may still take it.
import { CommandFailure, EXIT, toSentence } from './failure.ts'

export const noAnswerWords = (error: unknown): string =>
  `It gave no answer: ${toSentence(error).replace(/\.?$/, '.')} It may still take it; give the command again. Whether a worker of its version runs: sluice doctor`

export const toNoAnswer = (cycle: string, error: unknown): CommandFailure =>
  new CommandFailure(EXIT.failed, `${cycle}: ${noAnswerWords(error)}`)
