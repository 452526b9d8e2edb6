// "Did you mean": the known word nearest to a mistyped one. Never: a guess so far off that it misleads.

/** The candidate that few slips of the finger away from `word`, if there is one; ties go to the first. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.min(3, Math.ceil(word.length / 3))
  let best: { candidate: string; slips: number } | undefined
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) > limit) continue
    const slips = countSlips(word.toLowerCase(), candidate.toLowerCase())
    if (slips <= limit && slips < (best?.slips ?? Number.POSITIVE_INFINITY)) best = { candidate, slips }
  }
  return best?.candidate
}

/** `; did you mean "x"?`, or nothing: the end of a sentence about an unknown word. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const candidate = nearest(word, candidates)
  return candidate === undefined ? '' : `; did you mean "${candidate}"?`
}

/** Letters added, left out, changed, or two neighbours swapped (optimal string alignment). */
export function countSlips(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1]
      let slips = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (isSame ? 0 : 1))
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (isSwap) slips = Math.min(slips, at(beforeLast, column - 2) + 1)
      current.push(slips)
    }
    beforeLast = last
    last = current
  }
  return at(last, b.length)
}

const at = (row: number[], column: number): number => row[column] ?? 0
