// Why AWS refuses an event pattern. In: a reason that names the place. Out: an error that parsePattern turns into a reading.
// Never: leaves the pattern's compiler.

export class PatternProblem extends Error {}
