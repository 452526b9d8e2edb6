// In: what Sluice needs. Out: a line for each check: fine, or the problem and what to do. Never: stops at the first.
import pc from 'picocolors'
import { chooseLocalStack, domainsOf } from './choose-stack.ts'
import { type Connection, withConnection } from './connection.ts'
import { toDomainChecks } from './doctor-domain.ts'
import { MESH_CHECKS } from './doctor-mesh.ts'
import { toSentence } from './failure.ts'
import { type Output, print, printJson } from './output.ts'
import { CENTRAL } from './stack-environment.ts'

export interface Check {
  name: string
  /** What was found; a thrown error is the problem. */
  look(connection: Connection): Promise<string>
  /** What mends it. */
  todo: string
  /** The check that must be right for this one to say anything. */
  needs?: string
  /** What it means when this is away; only of parts that may be away for a while. */
  outage?: Outage
}

export interface Outage {
  /** Read from the parts that still answer; undefined when none of them can tell. */
  since(connection: Connection): Promise<string | undefined>
  works: string
  catchesUp: string
}

export interface Finding {
  check: string
  ok: boolean
  found: string
  todo?: string
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

async function examine(connection: Connection, checks: Check[], findings: Finding[]): Promise<void> {
  for (const { name: check, look, todo, needs, outage } of checks) {
    if (findings.some((finding) => finding.check === needs && !finding.ok)) {
      findings.push({ check, ok: false, found: `could not be checked: see ${needs}` })
      continue
    }
    findings.push(
      await look(connection).then(
        (found) => ({ check, ok: true, found }),
        async (error: unknown) => ({
          ...{ check, ok: false, found: toSentence(error), todo },
          ...(outage && (await describe(outage, connection))),
        }),
      ),
    )
  }
}

/** The part that could tell since when may be away too: then that is said. */
async function describe({ since, works, catchesUp }: Outage, connection: Connection): Promise<Partial<Finding>> {
  const told = await since(connection).catch((error: unknown) => `cannot be told: ${toSentence(error)}`)
  return { works, catchesUp, ...(told === undefined ? {} : { since: told }) }
}

function tell({ check, ok, found, todo, since, works, catchesUp }: Finding): void {
  print(`${ok ? pc.green('ok     ') : pc.red('problem')}  ${check}: ${found}`)
  if (since) print(`         since: ${since}`)
  if (works) print(`         meanwhile: ${works}`)
  if (catchesUp) print(`         afterwards: ${catchesUp}`)
  if (todo) print(`         ${todo}`)
}
