// In: a running stack, or evidence that was kept. Out: a table of the invariants, each violation with what it is seen in
// and what to do. Never: changes anything; passes because it looked at nothing.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pc from 'picocolors'
import { selectDomains } from '../catalog/rows.ts'
import { readLoginDomain } from '../mirror/domain-role.ts'
import { type Domain, parseDomain } from '../model/ids.ts'
import type { Evidence } from '../verify/evidence.ts'
import { INVARIANTS, type Invariant, type Violation } from '../verify/verdict.ts'
import type { Moving } from '../verify/moving.ts'
import { examineAtWork, type Findings } from '../verify/violations.ts'
import { type Connection, withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson, talk, toCount, toTable } from './output.ts'
import { CENTRAL } from './stack-environment.ts'

interface VerifyOptions {
  domain?: string[]
  replay: boolean
  save?: string
  from?: string
  stack?: string
  output: Output
}

export async function verify(options: VerifyOptions): Promise<number> {
  if (options.from !== undefined && options.domain)
    throw new CommandFailure(
      EXIT.notAllowed,
      `--domain chooses what is read; what ${options.from} keeps is judged whole.`,
    )
  const evidence = options.from === undefined ? await collect(options) : readKept(options.from)
  if (options.save !== undefined) {
    keep(evidence, options.save)
    talk(`The evidence is kept in ${options.save}; judge it again: sluice verify --from ${options.save}`)
  }
  const { findings: judged, moving } = examineAtWork(evidence)
  const findings = { ...judged, ...(options.replay ? await replay(evidence) : {}) }
  const violations = Object.values(findings).flatMap((found) => found.violations)
  if (options.output === 'json') printJson({ sandbox: evidence.sandbox !== undefined, findings, moving })
  else tell(evidence, findings, violations, moving)
  if (Object.values(judged).every(({ checked }) => checked === 0))
    throw new CommandFailure(EXIT.failed, toNothingJudged(evidence))
  return violations.length > 0 ? EXIT.failed : 0
}

/** Not a pass: a stack that never did anything must not look like one that did all of it right. */
function toNothingJudged({ domains, definitions, sandbox }: Evidence): string {
  const places = ['Temporal', 'PostgreSQL', ...(sandbox ? ["the sandbox's ledger"] : [])]
  const looked = `Nothing to judge yet: no cycle and no event of ${domains.join(', ')} in ${places.join(' or ')}.`
  const [first] = definitions.toSorted(
    (one, other) => one.definition.dependsOn.length - other.definition.dependsOn.length,
  )
  if (!first) return `${looked} No product of them is defined: sluice apply <folder> --reason <text>`
  return `${looked} The scheduler opens what is due; to open one now: sluice open ${first.definition.product}/<date>`
}

async function collect(options: VerifyOptions): Promise<Evidence> {
  // Loads Temporal, which evidence that was kept does not need.
  const { collectEvidence } = await import('../verify/collect.ts')
  return withConnection(options, CENTRAL, async (connection) => {
    const domains = await requireDomains(connection, options.domain)
    talk(`Reading histories and rows of ${domains.join(', ')} …`)
    return collectEvidence({
      awsEndpoint: connection.stack?.addresses['awsEndpoint'],
      temporal: await connection.temporal(),
      db: connection.db(),
      domains,
      onProgress: (runs) => runs % 200 === 0 && talk(`  ${toCount(runs, 'run')} read`),
    })
  })
}

const NO_DOMAIN =
  'Nothing to judge yet: PostgreSQL knows no domain. Apply a mesh first: sluice apply <folder> --reason <text>; ' +
  'on local servers without one: sluice dev deploy <folder>'

async function requireDomains(connection: Connection, named: string[] | undefined): Promise<Domain[]> {
  const known = (await selectDomains(connection.db())).map(({ definition }) => definition.domain)
  if (known.length === 0) throw new CommandFailure(EXIT.failed, NO_DOMAIN)
  const own = await readLoginDomain(connection.db())
  const seen = own === undefined ? known : known.filter((domain) => domain === own)
  return (named ?? seen).map((name) => {
    const domain = parseDomain(name)
    if (domain && seen.includes(domain)) return domain
    const why =
      domain && known.includes(domain)
        ? `The login of DATABASE_URL is that of ${own} and sees no row of ${name}: use its own, or the owner's.`
        : `There is no domain ${name}. It is one of ${known.join(', ')}.`
    throw new CommandFailure(EXIT.failed, why)
  })
}

function keep(evidence: Evidence, file: string): void {
  try {
    writeFileSync(file, JSON.stringify(evidence))
  } catch (cause) {
    throw new CommandFailure(EXIT.failed, `Could not keep the evidence in ${file}: ${(cause as Error).message}`)
  }
}

function readKept(file: string): Evidence {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Partial<Evidence> | null
    if (isEvidence(kept)) return kept
  } catch (cause) {
    throw new CommandFailure(EXIT.failed, `Could not read evidence from ${file}: ${(cause as Error).message}`)
  }
  throw new CommandFailure(EXIT.failed, `${file} holds no evidence. Make such a file: sluice verify --save ${file}`)
}

/** By its lists: a file cut short or written by hand lacks some. */
function isEvidence(kept: Partial<Evidence> | null): kept is Evidence {
  const { cycles, domains, definitions, mirror, ledger, sandbox = [] } = kept ?? {}
  const rows = [mirror?.statuses, mirror?.transitions, mirror?.dependencies, ledger?.events, ledger?.deliveries]
  return [cycles, domains, definitions, sandbox, ...rows].every(Array.isArray)
}

const WORKERS = new URL('../workers/build-bundle.ts', import.meta.url)

/** The bundle is built in a process of its own: the command line may not import the workers. */
async function replay(evidence: Evidence): Promise<Findings> {
  const { mkdtempSync, rmSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const { execFile } = await import('node:child_process')
  const { promisify } = await import('node:util')
  const { DefaultLogger, Runtime } = await import('@temporalio/worker')
  const { replayHistories } = await import('../verify/replay.ts')
  // What does not replay is told below, with its history.
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'off' } } })
  const folder = mkdtempSync(`${tmpdir()}/sluice-verify-`)
  try {
    talk('Building the workflows, then replaying each history …')
    const bundle = `${folder}/workflows.js`
    await promisify(execFile)(process.execPath, [fileURLToPath(WORKERS), bundle])
    return { I13: await replayHistories(evidence, readFileSync(bundle, 'utf8')) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What of each invariant only AWS's own ledger shows. */
const WITHOUT_SANDBOX =
  'No sandbox is the witness of what AWS saw: I1 knows only events that reached a cycle or the ledger, I2, I3 and I6 only ' +
  'what the histories asked for, I4, I5 and I10 only what Glue told them.'

function tell({ sandbox }: Evidence, findings: Findings, violations: Violation[], moving: Moving): void {
  const rows = Object.entries(findings).map(([name, { checked, violations }]) => {
    const count = violations.length === 0 ? pc.green('0') : pc.red(String(violations.length))
    return [name, INVARIANTS[name as Invariant], String(checked), count]
  })
  print(toTable(['', 'invariant', 'checked', 'violations'], rows))
  if (sandbox === undefined) print(`\n${WITHOUT_SANDBOX}`)
  tellMoving(moving)
  const notes = Object.values(findings).flatMap((found) => found.notes ?? [])
  if (notes.length > 0) print('')
  for (const note of notes) print(`To know: ${note}`)
  for (const violation of violations) tellViolation(violation)
}

const NAMED = 5

/** Without a verdict on them, the rest may still be sound. */
function tellMoving({ cycles, events }: Moving): void {
  if (cycles.length === 0 && events.length === 0) return
  const named = [...cycles, ...events]
  const more = named.length > NAMED ? ' …' : ''
  const counts = `${toCount(cycles.length, 'cycle')}, ${toCount(events.length, 'event')}`
  print(
    `\nStill moving, so not judged: ${counts} (${named.slice(0, NAMED).join(', ')}${more}). Verify again when all is quiet.`,
  )
}

function tellViolation({ invariant, cycle, eventId, says, evidence }: Violation): void {
  print(`\n${pc.red(invariant)}  ${says}`)
  for (const line of evidence) print(`      ${line}`)
  print(`      ${pc.dim(nextStep(cycle, eventId))}`)
}

const nextStep = (cycle: string | undefined, eventId: string | undefined): string => {
  if (cycle) return `See: sluice explain ${cycle}. Was all quiet? Verify again before you act.`
  return `See: sluice events tail --once -o json, for ${eventId ?? 'it'}. Was all quiet? Verify again before you act.`
}
