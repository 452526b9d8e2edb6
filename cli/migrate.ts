// In: a database; domains that need a login. Out: its tables as this Sluice needs them, logins made; what was done, in words.
// Never: a password printed that somebody else chose.
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { openPostgres } from '../clients/postgres.ts'
import { ensureDomainRole } from '../mirror/domain-role.ts'
import { migrate } from '../mirror/migrate.ts'
import { parseDomain } from '../model/ids.ts'
import { chooseLocalStack } from './choose-stack.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { type Output, print, printJson } from './output.ts'

interface MigrateOptions {
  login: string[]
  stack?: string
  output: Output
}

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url))

export async function migrateDatabase(options: MigrateOptions): Promise<number> {
  const domains = options.login.map(requireDomain)
  const url = chooseLocalStack(options)?.addresses['databaseUrl'] ?? process.env['DATABASE_URL']
  if (!url)
    throw new CommandFailure(EXIT.failed, 'Say which database: DATABASE_URL=postgres://user:password@host/name.')
  const db = openPostgres(url, { applicationName: 'sluice migrate' })
  try {
    const applied = await migrate(db, MIGRATIONS)
    const logins: { domain: string; user: string; password?: string }[] = []
    for (const domain of domains) {
      const chosen = process.env['SLUICE_LOGIN_PASSWORD']
      const password = chosen ?? randomBytes(18).toString('base64url')
      const user = await ensureDomainRole(db, domain, password)
      logins.push({ domain, user, ...(chosen === undefined ? { password } : {}) })
    }
    if (options.output === 'json') printJson({ applied, logins })
    else {
      print(applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The database was up to date.')
      for (const { domain, user, password } of logins)
        print(`Login of ${domain}: ${user}${password ? `, password ${password} (shown only now)` : ''}`)
    }
    return 0
  } finally {
    await db.end()
  }
}

function requireDomain(text: string) {
  const domain = parseDomain(text)
  if (domain) return domain
  throw new CommandFailure(EXIT.failed, `"${text}" is no domain name: lower-case letters, digits and hyphens.`)
}
