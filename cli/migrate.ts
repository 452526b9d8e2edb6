// In: a database; domains that need a login. Out: its tables as this Sluice needs them, logins made; what was done, in words.
// Never: a password printed that somebody else chose.
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { openPostgres, type Postgres } from '../clients/postgres.ts'
import { ensureDomainRole, hasDomainRole, toDomainRole } from '../mirror/domain-role.ts'
import { migrate } from '../mirror/migrate.ts'
import { type Domain, parseDomain } from '../model/ids.ts'
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
    const logins = await makeLogins(db, domains)
    if (options.output === 'json') printJson({ applied, logins })
    else {
      print(applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The database was up to date.')
      for (const { domain, user, password, isKept } of logins) {
        const said = password ? `, password ${password} (shown only now)` : isKept ? ', its password stays' : ''
        print(`Login of ${domain}: ${user}${said}`)
      }
    }
    return 0
  } finally {
    await db.end()
  }
}

interface Login {
  domain: Domain
  user: string
  /** Made up now, and shown once. */
  password?: string
  /** It was there, and somebody may be using it. */
  isKept: boolean
}

async function makeLogins(db: Postgres, domains: Domain[]): Promise<Login[]> {
  const chosen = process.env['SLUICE_LOGIN_PASSWORD']
  const logins: Login[] = []
  for (const domain of domains) {
    const isKept = chosen === undefined && (await hasDomainRole(db, domain))
    const password = chosen ?? randomBytes(18).toString('base64url')
    const user = isKept ? toDomainRole(domain) : await ensureDomainRole(db, domain, password)
    logins.push({ domain, user, isKept, ...(chosen === undefined && !isKept ? { password } : {}) })
  }
  return logins
}

function requireDomain(text: string) {
  const domain = parseDomain(text)
  if (domain) return domain
  throw new CommandFailure(EXIT.failed, `"${text}" is no domain name: lower-case letters, digits and hyphens.`)
}
