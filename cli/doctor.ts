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
}

export interface Finding {
  check: string
  ok: boolean
  found: string
  todo?: string
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
  for (const { name: check, look, todo, needs } of checks) {
    if (findings.some((finding) => finding.check === needs && !finding.ok)) {
      findings.push({ check, ok: false, found: `could not be checked: see ${needs}` })
      continue
    }
    findings.push(
      await look(connection).then(
        (found) => ({ check, ok: true, found }),
        (error: unknown) => ({ check, ok: false, found: toSentence(error), todo }),
      ),
    )
  }
}

function tell({ check, ok, found, todo }: Finding): void {
  print(`${ok ? pc.green('ok     ') : pc.red('problem')}  ${check}: ${found}`)
  if (todo) print(`         ${todo}`)
}
