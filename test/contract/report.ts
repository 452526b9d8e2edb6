// What became of each claim. In: vitest's report. Out: claims by outcome, and the table for people.
// Never: a claim lost because its file could not be run; that is an error.

export interface ClaimResult {
  id: string
  service: string
  says: string
  source: string
  outcome: 'held' | 'differs' | 'not put'
  /** What was seen instead where it differs; why not, where it could not be put. */
  seen?: string
}

export interface ContractReport {
  target: string
  claims: ClaimResult[]
}

interface VitestReport {
  testResults: {
    name: string
    message?: string
    assertionResults: { title: string; status: string; failureMessages?: string[] | null; meta?: { unput?: string } }[]
  }[]
}

/** The claims in order of their ids; `output` is what vitest printed, for the error when it ran none. */
export function readReport(text: string, output: string): ClaimResult[] {
  const { testResults } = JSON.parse(text) as VitestReport
  const broken = testResults.find((file) => file.assertionResults.length === 0)
  if (broken) throw new Error(`${broken.name} could not be run: ${broken.message ?? output}`)
  const claims = testResults.flatMap((file) => file.assertionResults.flatMap(toResult))
  if (claims.length === 0) throw new Error(`No claim was put.\n${output}`)
  return claims.sort((one, other) => (one.id < other.id ? -1 : 1))
}

/** Of a title as claim.ts writes it; a test that is no claim is left out. */
function toResult(test: VitestReport['testResults'][number]['assertionResults'][number]): ClaimResult[] {
  const [, id, service, says, source] = /^(([a-z0-9]+)-\d+) (.*) \[(.*)\]$/s.exec(test.title) ?? []
  if (!id || !service || !says || !source) return []
  const claim = { id, service, says, source }
  if (test.status === 'passed') return [{ ...claim, outcome: 'held' }]
  if (test.status !== 'failed') return [{ ...claim, outcome: 'not put', seen: test.meta?.unput }]
  return [{ ...claim, outcome: 'differs', seen: toSentence(test.failureMessages ?? []) }]
}

/** The message without stack, colours and line breaks. */
function toSentence(messages: string[]): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals' colours begin with one.
  const plain = messages.join('; ').replace(/\u001b\[[0-9;]*m/g, '')
  const said = plain.split(/\n\s+at /)[0] ?? plain
  return said.replace(/\s+/g, ' ').trim().slice(0, 300)
}

export function toTable({ target, claims }: ContractReport): string {
  const services = [...new Set(claims.map(({ service }) => service))].sort()
  const count = (service: string, outcome: ClaimResult['outcome']) =>
    claims.filter((claim) => (service === 'all' || claim.service === service) && claim.outcome === outcome).length
  const row = (cells: (string | number)[]) =>
    cells
      .map((cell) => String(cell).padEnd(10))
      .join('')
      .trimEnd()
  const counts = [...services, 'all'].map((name) =>
    row([name, count(name, 'held'), count(name, 'differs'), count(name, 'not put')]),
  )
  const differing = claims.filter(({ outcome }) => outcome === 'differs')
  const details = differing.map(
    ({ id, says, source, seen }) => `${id}  ${says}\n  seen: ${seen}\n  source: ${source}\n`,
  )
  const unput = claims.filter(({ outcome }) => outcome === 'not put')
  const reasons = Map.groupBy(unput, ({ seen = 'skipped' }) => seen.replace(/sluice-contract-[\w-]+/g, '…'))
  const excuses = [...reasons].map(
    ([why, of]) => `not put (${of.length}): ${why}\n  ${of.map(({ id }) => id).join(' ')}\n`,
  )
  return [
    `Contract put to ${target}`,
    '',
    row(['', 'held', 'differs', 'not put']),
    ...counts,
    '',
    ...excuses,
    ...details,
    '',
  ].join('\n')
}
