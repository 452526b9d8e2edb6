// In: a domain and the password of its login. Out: the role `sluice_<domain>`, with the grants of migration 0003.
// Never: the clear password in a statement, where logs would keep it; a role that passes row security by.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import type { Postgres, Queries } from '../clients/postgres.ts'
import type { Domain } from '../model/ids.ts'

/** PostgreSQL cuts longer names off, and two domains would share a role. */
const LONGEST_ROLE = 63
const ITERATIONS = 4096

export const toDomainRole = (domain: Domain): string => `sluice_${domain}`

/** Roles belong to the whole server: the login of a domain may be in use by another database of it. */
export const hasDomainRole = async (db: Postgres, domain: Domain): Promise<boolean> =>
  (await db.one('select from pg_roles where rolname = $1', [toDomainRole(domain)])) !== undefined

/** The domain whose rows alone this login sees; undefined for one that sees all. */
export const readLoginDomain = async (db: Queries): Promise<string | undefined> =>
  (await db.one<{ domain: string | null }>('select sluice_domain() as domain'))?.domain ?? undefined

/** Makes the role, or gives the one there is this password. Needs the right to create roles. */
export async function ensureDomainRole(db: Postgres, domain: Domain, password: string): Promise<string> {
  const role = toDomainRole(domain)
  if (role.length > LONGEST_ROLE) {
    throw new Error(`Could not make a login for domain ${domain}: its name is longer than 56 characters. Shorten it.`)
  }
  if (!/^[\x20-\x7e]{8,}$/.test(password)) {
    throw new Error(`Could not make a login for domain ${domain}: give a password of 8 or more ASCII characters.`)
  }
  // A domain's name has letters, digits and hyphens only, and the verifier base64: nothing to escape in either.
  await createRole(db, role)
  await db.rows(`grant sluice_any_domain to "${role}"`)
  await db.rows(`alter role "${role}" login password '${toVerifier(password)}'`)
  return role
}

async function createRole(db: Postgres, role: string): Promise<void> {
  if (await db.one('select from pg_roles where rolname = $1', [role])) return
  try {
    await db.rows(`create role "${role}" login`)
  } catch (error) {
    // Another process was quicker; its role is the same.
    if (!['42710', '23505'].includes((error as { code?: string }).code ?? '')) throw error
  }
}

/** What PostgreSQL itself keeps of a password: SCRAM-SHA-256 (RFC 5803). */
function toVerifier(password: string): string {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256')
  const keyOf = (label: string): Buffer => createHmac('sha256', salted).update(label).digest()
  const stored = createHash('sha256').update(keyOf('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${keyOf('Server Key').toString('base64')}`
}
