// In: a cycle. Out: it is open, or why not; the exit code.
import { loadDomainCatalog } from '../catalog/load.ts'
import { readConfig } from '../clients/config.ts'
import { type CycleParts, domainOf } from '../model/ids.ts'
import { withConnection } from './connection.ts'
import { EXIT } from './failure.ts'
import { openByHand } from './open-cycle.ts'
import { type Output, print, printJson } from './output.ts'

export async function open(parts: CycleParts, options: { stack?: string; output: Output }): Promise<number> {
  const domain = domainOf(parts.product)
  return withConnection(options, domain, async ({ aws, temporal, settings }) => {
    const loaded = await loadDomainCatalog(aws().s3, settings.SLUICE_CATALOG_BUCKET, domain)
    if (loaded.kind !== 'loaded') throw new Error(`The catalog of ${domain} could not be read.`)
    const opened = await openByHand(await temporal(), loaded.catalog, parts, readConfig(process.env, domain).cycle)
    if (options.output === 'json') printJson(opened)
    else if (opened.kind === 'refused') print(`Not opened: ${opened.reason}`)
    else
      print(
        opened.kind === 'opened'
          ? `${opened.cycle} is open.`
          : `${opened.cycle} was there already. See: sluice explain ${opened.cycle}`,
      )
    return opened.kind === 'opened' ? 0 : opened.kind === 'existing' ? EXIT.conflict : EXIT.notAllowed
  })
}
