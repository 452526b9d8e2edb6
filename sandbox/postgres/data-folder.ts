// In: the folder of one embedded PostgreSQL. Out: an initialised data folder in it and the superuser's password.
// Never: half an initialised one; the second start finds the first one's data.
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { canEnter, SERVER_ENV, type ServerUser } from './server-user.ts'

const execute = promisify(execFile)

export const SUPERUSER = 'postgres'

export interface DataFolder {
  path: string
  password: string
}

export async function prepareDataFolder(folder: string, initdb: string, user?: ServerUser): Promise<DataFolder> {
  mkdirSync(folder, { recursive: true })
  const home = await chooseHome(folder, user)
  const data = path.join(home, 'data')
  const password = readOrMakePassword(path.join(folder, 'password'))
  if (!existsSync(data)) await initialise(home, data, initdb, password, user)
  return { path: data, password }
}

/** Root's folders may be closed to the server's user; then the data lies in the temporary folder, found again by name. */
async function chooseHome(folder: string, user: ServerUser | undefined): Promise<string> {
  if (await canEnter(folder, user)) return folder
  const home = otherHomeOf(folder)
  mkdirSync(home, { recursive: true, mode: 0o711 })
  return home
}

function otherHomeOf(folder: string): string {
  const name = createHash('sha256').update(path.resolve(folder)).digest('hex').slice(0, 16)
  return path.join(tmpdir(), `sluice-postgresql-data-${name}`)
}

/** Deletes the data of the PostgreSQL of this folder, wherever it lies; nobody may be serving it. */
export function removeData(folder: string): void {
  for (const home of [folder, otherHomeOf(folder)]) rmSync(home, { recursive: true, force: true })
}

function readOrMakePassword(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 })
  return readFileSync(file, 'utf8').trim()
}

async function initialise(home: string, data: string, initdb: string, password: string, user?: ServerUser) {
  const temporary = path.join(home, `data.${process.pid}`)
  const passwordFile = `${temporary}.password`
  rmSync(temporary, { recursive: true, force: true })
  mkdirSync(temporary, { mode: 0o700 })
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (user) for (const entry of [temporary, passwordFile]) chownSync(entry, user.uid, user.gid)
  // PostgreSQL's own C.UTF-8 sorts and folds the same on every system; the system's locales differ, or are missing.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const access = [`--username=${SUPERUSER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
  try {
    // The first start checks and syncs anyway; without --no-sync this takes seconds on slow disks.
    const args = [`--pgdata=${temporary}`, '--no-sync', '--no-instructions', ...locale, ...access]
    await execute(initdb, args, { cwd: '/', env: SERVER_ENV, uid: user?.uid, gid: user?.gid })
    renameSync(temporary, data)
  } catch (cause) {
    const said = String((cause as { stderr?: string }).stderr ?? cause).trim()
    throw new Error(`Could not initialise PostgreSQL in ${data}: ${said} Check the free disk and the folder's owner.`, {
      cause,
    })
  } finally {
    rmSync(temporary, { recursive: true, force: true })
    rmSync(passwordFile, { force: true })
  }
}
