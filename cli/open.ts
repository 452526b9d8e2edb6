// In: a cycle. Out: it is open, or why not; the exit code.
import { readConfig } from '../clients/config.ts'
import { type CycleParts, domainOf } from '../model/ids.ts'
import { withConnection } from './connection.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { openByHand } from './open-cycle.ts'
import { type Output, print, printJson } from './output.ts'
import { readCatalog } from './read-catalog.ts'

export async function open(parts: CycleParts, options: { stack?: string; output: Output }): Promise<number> {
  const domain = domainOf(parts.product)
  return withConnection(options, domain, async (connection) => {
    const catalog = await readCatalog(connection, domain)
    const { cycle } = readConfig(process.env, domain)
    const opened = await openByHand(await connection.temporal(), catalog, parts, cycle, connection.db())
    if (options.output === 'json') printJson(opened)
    switch (opened.kind) {
      case 'opened':
        if (options.output === 'table') print(`${opened.cycle} is open. Follow it: sluice explain ${opened.cycle}`)
        return 0
      case 'existing':
        throw new CommandFailure(
          EXIT.conflict,
          `${opened.cycle} was there already. How it stands: sluice explain ${opened.cycle}; to run it again: sluice rerun`,
        )
      case 'refused':
        throw new CommandFailure(EXIT.notAllowed, opened.reason)
    }
  })
}
