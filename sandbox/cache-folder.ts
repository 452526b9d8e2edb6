// In: the environment. Out: where Sluice keeps what it fetched once for this user. Never: another place than sluice.mjs's.
import { homedir } from 'node:os'
import path from 'node:path'

export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const set = env.XDG_CACHE_HOME
  if (set && path.isAbsolute(set)) return path.join(set, 'sluice')
  return process.platform === 'darwin'
    ? path.join(homedir(), 'Library', 'Caches', 'sluice')
    : path.join(homedir(), '.cache', 'sluice')
}
