// In: a cycle; who asks. Out: it is open, or why not, audited either way; the exit code.
import { readConfig } from '../clients/config.ts'
import { type CycleParts, domainOf, toCycleId } from '../model/ids.ts'
import { type AskerOptions, toAsker } from './asker.ts'
import { auditDone, auditRefusal } from './audit.ts'
import { withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { openByHand, type Opened } from './open-cycle.ts'
import { type Output, print, printJson } from './output.ts'
import { readCatalog } from './read-catalog.ts'

interface OpenOptions extends AskerOptions {
  stack?: string
  output: Output
}

export async function open(parts: CycleParts, options: OpenOptions): Promise<number> {
  const domain = domainOf(parts.product)
  const about = { ...toAsker(options), cycle: toCycleId(parts.product, parts.key), action: 'open' as const }
  return withConnection(options, domain, async (connection) => {
    const catalog = await readCatalog(connection, domain)
    const { cycle } = readConfig(process.env, domain)
    const opened = await openByHand(await connection.temporal(), catalog, parts, cycle, connection.db())
    const refused = toFailure(opened)
    if (refused) {
      await auditRefusal(connection, { ...about, refused: refused.message })
      throw refused
    }
    await auditDone(connection, about)
    if (options.output === 'json') printJson(opened)
    else print(`${about.cycle} is open. Follow it: sluice explain ${about.cycle}`)
    return 0
  })
}

function toFailure(opened: Opened): CommandFailure | null {
  switch (opened.kind) {
    case 'opened':
      return null
    case 'existing':
      return new CommandFailure(
        EXIT.conflict,
        `${opened.cycle} was there already. How it stands: sluice explain ${opened.cycle}; to run it again: sluice rerun`,
      )
    case 'refused':
      return new CommandFailure(EXIT.notAllowed, opened.reason)
  }
}
