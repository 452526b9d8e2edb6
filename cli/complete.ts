// In: the words typed so far. Out: a line for each candidate, on stdout. Never: a word on stderr, an exit code other than 0, more
// time than a person gives a Tab: names that the mirror does not tell in time are left out.
import { setTimeout as pause } from 'node:timers/promises'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { toOneLine } from '../model/cycle/asker.ts'
import { chooseLocalStack } from './choose-stack.ts'
import { type Candidate, complete, type NameKind } from './completion.ts'
import { FILES_LINE } from './completion-scripts.ts'
import { print } from './output.ts'
import { CENTRAL, toEnvironment } from './stack-environment.ts'

interface Patience {
  forNamesMs: number
  /** Of the server, in case it is asked after all. */
  ofServerMs: number
}
const OF_A_TAB: Patience = { forNamesMs: 300, ofServerMs: 1_000 }
const MOST_NAMES = 100

/** True when something still hangs that would keep the process, and with it the shell that waits for it. */
export async function printCandidates(
  program: CommandUnknownOpts,
  words: string[],
  patience: Patience = OF_A_TAB,
): Promise<boolean> {
  const { candidates, names, files, prefix, before } = complete(program, words)
  const live = names ? await askNames(names, { prefix, stack: stackIn(words), patience }).catch(() => []) : []
  for (const { value, description } of [...candidates, ...(live ?? [])])
    print(`${before}${value}\t${toOneLine(description)}`)
  if (files) print(FILES_LINE)
  return live === null
}

/** As the command itself would be told. */
const stackIn = (words: string[]): string | undefined => {
  const at = words.indexOf('--stack')
  return at < 0 ? undefined : words[at + 1]
}

/** Null: they did not come in time. */
async function askNames(
  kind: NameKind,
  { prefix, stack, patience }: { prefix: string; stack: string | undefined; patience: Patience },
): Promise<Candidate[] | null> {
  const url = toDatabaseUrl(stack)
  if (!url) return []
  const [{ openPostgres }, { listNames }] = await Promise.all([
    import('../clients/postgres.ts'),
    import('../mirror/names.ts'),
  ])
  const limits = { connectTimeoutMs: patience.ofServerMs, statementTimeoutMs: patience.ofServerMs, maxConnections: 1 }
  const db = openPostgres(url, { applicationName: 'sluice', ...limits })
  const asked = listNames(db, kind, { prefix, limit: MOST_NAMES }).then(
    (rows) => rows.map(({ name, said }) => ({ value: name, description: said })),
    () => [],
  )
  const found = await Promise.race([asked, pause(patience.forNamesMs, null)])
  if (found !== null) await db.end()
  return found
}

function toDatabaseUrl(stack: string | undefined): string | undefined {
  const local = chooseStackOrNone(stack)
  return local ? toEnvironment(local, CENTRAL)['DATABASE_URL'] : process.env['DATABASE_URL']
}

/** None is no reason to fail. */
function chooseStackOrNone(stack: string | undefined) {
  try {
    return chooseLocalStack({ stack })
  } catch {
    return undefined
  }
}
