// In: definition files and who applies them. Out: what changed, in words; the exit code.
// Never: undone because Temporal does not answer: the next tick of the scheduler sees the new versions.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type ApplyResult, applyMesh } from '../catalog/apply-mesh.ts'
import { toPlanLines } from '../catalog/plan-words.ts'
import { toProblemText } from '../catalog/problem.ts'
import { readMesh } from '../catalog/read-mesh.ts'
import { countOlder } from '../mirror/carried-versions.ts'
import { toScheduleId } from '../workflows/contract.ts'
import { requireAsker } from './asker.ts'
import { type Connection, withConnection } from './connection.ts'
import { type Output, print, printJson, talk, toCount } from './output.ts'
import { CENTRAL } from './stack-environment.ts'

interface ApplyOptions {
  reason: string
  actor: string
  prune: boolean
  stack?: string
  output: Output
}

export async function apply(paths: string[], options: ApplyOptions): Promise<number> {
  const { actor, reason } = requireAsker(options, 'A change needs an actor and a reason that say something.')
  const mesh = await readMesh(...paths)
  return withConnection(options, CENTRAL, async (connection) => {
    const result = await applyMesh({
      ...{
        db: connection.db(),
        s3: (await connection.aws()).s3,
        bucket: connection.settings.SLUICE_CATALOG_BUCKET,
        mesh,
      },
      ...{ actor, reason, prune: options.prune },
      gitSha: await readGitSha(paths[0] ?? '.'),
    })
    say(result, options.output)
    if (result.kind === 'refused') return 1
    const domains = mesh.domains.map(({ file }) => file.domain)
    if (result.catalogVersion !== null) await tick(connection, domains)
    if (options.output === 'table') for (const line of await olderLines(connection, result)) talk(line)
    return 0
  })
}

function say(result: ApplyResult, output: Output): void {
  if (output === 'json') return printJson(withoutDates(result))
  if (result.kind === 'refused') {
    for (const problem of result.problems) print(toProblemText(problem))
    talk(`Nothing was applied: ${toCount(result.problems.length, 'problem')}.`)
    return
  }
  for (const line of toPlanLines(result.plan)) print(line)
  for (const note of result.notes) print(`note: ${toProblemText(note)}`)
  talk(
    result.catalogVersion === null
      ? 'Nothing had changed.'
      : `Applied as version ${result.catalogVersion} of the catalog; it holds for cycles opened from now on.`,
  )
}

/** An edit changes no open cycle, which surprises whoever made it. */
async function olderLines(
  connection: Connection,
  { plan }: Extract<ApplyResult, { kind: 'applied' }>,
): Promise<string[]> {
  const changed = plan.products.filter(({ kind }) => kind === 'changed')
  const present = changed.map(({ definition: { product }, version }) => ({ product, version }))
  const older = present.length > 0 ? await countOlder(connection.db(), present) : []
  return older.map(({ product, version, cycles, unbegun }) => {
    const goOn = `${toCount(cycles, 'open cycle')} of ${product} ${cycles === 1 ? 'goes' : 'go'} on with version ${version}`
    const advice = `; sluice upgrade --product ${product} --reason … moves those that have not begun`
    return `${goOn}${unbegun > 0 ? advice : ''}.`
  })
}

/** A calendar's definition decides every date of decades; what changes of it stands beside it. */
function withoutDates(result: ApplyResult): object {
  if (result.kind === 'refused') return result
  const calendars = result.plan.calendars.map(({ definition: { calendar }, from, kind, version, ...change }) => {
    const edit = 'days' in change ? { before: change.before.from, days: change.days, effects: change.effects } : {}
    return { kind, calendar, version, from, ...edit }
  })
  return { ...result, plan: { ...result.plan, calendars } }
}

/** Opens cycles of new products now instead of at the scheduler's next tick. */
async function tick(connection: Connection, domains: string[]): Promise<void> {
  try {
    const temporal = await connection.temporal()
    const triggers = domains.map((domain) => temporal.schedule.getHandle(toScheduleId(domain)).trigger())
    for (const trigger of await Promise.allSettled(triggers)) if (trigger.status === 'rejected') throw trigger.reason
  } catch (error) {
    talk(`Applied, but the scheduler could not be told (${(error as Error).message}); its next tick opens what is due.`)
  }
}

/** Of the folder the files lie in; undefined outside of git. */
async function readGitSha(place: string): Promise<string | undefined> {
  const run = promisify(execFile)
  const answer = await run('git', ['-C', place, 'rev-parse', 'HEAD']).catch(() => undefined)
  return answer?.stdout.trim()
}
