// In: who we are. Out: the user that PostgreSQL runs as, and whether he reaches a folder; PostgreSQL refuses to be root.
// Never: makes a user on the machine.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export interface ServerUser {
  name: string
  uid: number
  gid: number
}

/** All that PostgreSQL's programs need: the user's PG* variables and locale must not reach a server of ours. */
export const SERVER_ENV = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }

/** Undefined when we are not root: then the server runs as we do. */
export async function chooseServerUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    const ids = await idsOf(name)
    if (ids) return { name, ...ids }
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and this machine has neither a user "postgres" nor "nobody": ' +
      'start as an ordinary user, or set DATABASE_URL to a running PostgreSQL.',
  )
}

/** True when that user can enter the folder, each of its parents included. */
export async function canEnter(folder: string, user: ServerUser | undefined): Promise<boolean> {
  if (!user) return true
  try {
    await execute('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { cwd: '/', uid: user.uid, gid: user.gid })
    return true
  } catch {
    return false
  }
}

async function idsOf(name: string): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => execute('id', [flag, name])))
    return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) }
  } catch {
    return undefined
  }
}
