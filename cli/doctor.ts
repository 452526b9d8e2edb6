// In: what Sluice needs. Out: a line for each check: fine, or the problem and what to do. Never: stops at the first.
import pc from 'picocolors'
import { chooseLocalStack, domainsOf } from './choose-stack.ts'
import type { CHECKS } from './check-names.ts'
import { type Connection, withConnection } from './connection.ts'
import { toDomainChecks } from './doctor-domain.ts'
import { type DueFound, toUnopenedLines, type UnopenedCycles } from './doctor-due.ts'
import { MESH_CHECKS } from './doctor-mesh.ts'
import { toSentence } from './failure.ts'
import { type Output, print, printJson } from './output.ts'
import { CENTRAL } from './stack-environment.ts'

export interface Check {
  name: string
  /** What was found; a thrown error is the problem. Undefined: it cannot be told here, and nothing is said. */
  look(connection: Connection): Promise<string | DueFound | undefined>
  /** What mends it. */
  todo: string
  /** The checks that must be right for this one to say anything. */
  needs?: readonly string[]
  /** What it means when this is away; only of parts that may be away for a while. */
  outage?: Outage
}

/** The names of the checks that found a problem. */
export type Away = ReadonlySet<string>

export interface Outage {
  /** The check of the part that is asked since when: not while that is away too. */
  teller: typeof CHECKS.postgres | typeof CHECKS.temporal
  /** Undefined when the teller has nothing to tell by. */
  since(connection: Connection): Promise<string | undefined>
  works(away: Away): string
  catchesUp(away: Away): string
}

export interface Finding {
  check: string
  ok: boolean
  found: string
  todo?: string
  /** Products with due cycles that are not open, and what the next tick does with them. */
  unopened?: UnopenedCycles[]
  /** Since when it is away, as far as anybody can tell. */
  since?: string
  /** What goes on meanwhile. */
  works?: string
  /** What happens by itself once it is back. */
  catchesUp?: string
}

export async function doctor(named: string[], options: { stack?: string; output: Output }): Promise<number> {
  const stack = chooseLocalStack(options)
  const domains = named.length > 0 ? named : stack ? domainsOf(stack) : []
  const findings: Finding[] = []
  await withConnection(options, CENTRAL, (connection) => examine(connection, MESH_CHECKS, findings))
  for (const domain of domains) {
    const checks = toDomainChecks(domain)
    await withConnection(options, domain, (connection) => examine(connection, checks, findings))
  }
  if (options.output === 'json') printJson(findings)
  else for (const finding of findings) tell(finding)
  return findings.every(({ ok }) => ok) ? 0 : 1
}

/** All of them look before any outage is told: what works meanwhile depends on what else is away. */
export async function examine(connection: Connection, checks: Check[], findings: Finding[]): Promise<void> {
  const problems: { finding: Finding; outage: Outage }[] = []
  for (const { name: check, look, todo, needs = [], outage } of checks) {
    const missing = needs.find((needed) => findings.some((finding) => finding.check === needed && !finding.ok))
    if (missing !== undefined) {
      findings.push({ check, ok: false, found: `could not be checked: see ${missing}` })
      continue
    }
    const finding = await look(connection).then(
      (found): Finding | undefined =>
        found === undefined ? undefined : { check, ok: true, ...(typeof found === 'string' ? { found } : found) },
      (error: unknown): Finding => ({ check, ok: false, found: toSentence(error), todo }),
    )
    if (!finding) continue
    findings.push(finding)
    if (!finding.ok && outage) problems.push({ finding, outage })
  }
  const away: Away = new Set(findings.flatMap(({ check, ok }) => (ok ? [] : [check])))
  for (const { finding, outage } of problems) {
    const since = away.has(outage.teller) ? NOT_KNOWN : await askSince(outage, connection)
    Object.assign(finding, { since, works: outage.works(away), catchesUp: outage.catchesUp(away) })
  }
}

const NOT_KNOWN = 'not known'

const askSince = ({ since }: Outage, connection: Connection): Promise<string> =>
  since(connection).then(
    (told) => told ?? NOT_KNOWN,
    (error: unknown) => `cannot be told: ${toSentence(error)}`,
  )

export function tell({ check, ok, found, todo, unopened = [], since, works, catchesUp }: Finding): void {
  print(`${ok ? pc.green('ok     ') : pc.red('problem')}  ${check}: ${found}`)
  for (const line of toUnopenedLines(unopened)) print(`         ${line}`)
  if (since === NOT_KNOWN) print('         since when is not known')
  else if (since) print(`         since: ${since}`)
  if (works) print(`         meanwhile: ${works}`)
  if (catchesUp) print(`         afterwards: ${catchesUp}`)
  if (todo) print(`         ${todo}`)
}
