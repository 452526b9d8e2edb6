// In: what a command led to that ran a cycle again. Out: the sentence of it. Pure.

export function toSentence(
  cycle: string,
  { attempt, waitsFor }: { attempt: number | null; waitsFor: string[] | null },
): string {
  if (waitsFor === null) return `${cycle} runs again: attempt ${attempt}.`
  if (waitsFor.length > 0) return `${cycle} is open again and waits for ${waitsFor.join(', ')}.`
  return `${cycle} is open again and has all it waits for: attempt ${attempt} starts by itself.`
}
