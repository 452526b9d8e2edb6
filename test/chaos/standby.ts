// A PostgreSQL with a standby that follows it by streaming replication, each a direct child, and one door in front that leads
// to whichever is the primary. In: nothing. Out: a standby that falls behind when told, and takes the primary's place.
// Never: a commit that reaches the standby once it has fallen behind; a server that outlives its test file.
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { openPostgres, type Postgres } from '../../clients/postgres.ts'
import { removeData } from '../../sandbox/postgres/data-folder.ts'
import { type RunningPostgres, startPostgres } from '../../sandbox/postgres/server.ts'
import { MINUTE_MS } from './row-stage.ts'
import type { StageOrder } from './stage.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'
import { until } from './walks.ts'

export interface Pair {
  /** The primary alone; what `useRowStage` asks for. */
  open(): Promise<StageOrder['servers']>
  /** Makes a standby of the primary, which is away for a moment meanwhile. */
  follow(): Promise<void>
  /** The standby has all that was committed up to here, and gets no more. */
  fallBehind(): Promise<void>
  /** SIGKILL of the primary; the standby takes its place with what it has. */
  failOver(): Promise<void>
}

interface Member {
  folder: string
  server: RunningPostgres
}

/** To be called before `useRowStage`: hooks that end are called in the reverse order. */
export function usePair(): Pair {
  const home = mkdtempSync(path.join(tmpdir(), 'sluice-standby-'))
  const target = { host: '127.0.0.1', port: 0 }
  const proxies: TcpProxy[] = []
  const members: Member[] = []
  let link: TcpProxy | undefined
  const start = async (folder: string, port?: number): Promise<Member> => {
    const logFile = path.join(home, `${path.basename(folder)}.log`)
    const member = { folder, server: await startPostgres({ folder, logFile, ...(port && { port }) }) }
    members.push(member)
    return member
  }
  const leave = async (member: Member): Promise<void> => {
    await member.server.kill()
    removeData(member.folder)
    members.splice(members.indexOf(member), 1)
  }
  const proxyTo = async (to: { host: string; port: number }): Promise<TcpProxy> => {
    const proxy = await startTcpProxy(to)
    proxies.push(proxy)
    return proxy
  }
  const member = (at: number): Member => {
    const found = members[at]
    if (!found) throw new Error(at === 0 ? 'There is no primary.' : 'There is no standby.')
    return found
  }
  afterAll(async () => {
    await Promise.all([...members].map(leave))
    await Promise.all(proxies.map((proxy) => proxy.close()))
    rmSync(home, { recursive: true, force: true })
  }, MINUTE_MS)
  let count = 0
  return {
    async open() {
      const { server } = await start(path.join(home, 'first'))
      target.port = server.port
      const door = await proxyTo(target)
      const url = new URL(await server.createDatabase('sluice_chaos'))
      url.port = String(door.port)
      return { databaseUrl: url.href }
    },
    async follow() {
      const [primary] = members.splice(0, 1)
      if (!primary) throw new Error('There is no primary.')
      count += 1
      const folder = path.join(home, `standby-${count}`)
      link = await proxyTo({ host: target.host, port: primary.server.port })
      await primary.server.stop()
      await copyTo(folder, primary.server, link)
      await start(primary.folder, primary.server.port)
      await start(folder)
    },
    async fallBehind() {
      const [primary, standby] = [member(0), member(1)].map(({ server }) => openPostgres(server.url))
      if (primary && standby) await untilCaughtUp(primary, standby)
      link?.spoil({ refuse: true })
    },
    async failOver() {
      const standby = member(1)
      await leave(member(0))
      const db = openPostgres(standby.server.url)
      await db.rows('select pg_promote()')
      await db.end()
      target.port = standby.server.port
    },
  }
}

/** With the primary's data and password, while nobody serves them. */
async function copyTo(folder: string, primary: RunningPostgres, link: TcpProxy): Promise<void> {
  const { password, username } = new URL(primary.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'password'), password, { mode: 0o600 })
  // Where its data lies, only a first start tells.
  const empty = await startPostgres({ folder, logFile: path.join(folder, 'empty.log') })
  await empty.stop()
  rmSync(empty.dataFolder, { recursive: true })
  execFileSync('cp', ['-a', primary.dataFolder, empty.dataFolder])
  const conninfo = `host=${link.host} port=${link.port} user=${username} password=${password}`
  appendFileSync(path.join(empty.dataFolder, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`)
  writeFileSync(path.join(empty.dataFolder, 'standby.signal'), '')
}

async function untilCaughtUp(primary: Postgres, standby: Postgres): Promise<void> {
  const at = await primary.one<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn')
  await until('the standby has caught up', MINUTE_MS, async () => {
    const row = await standby.one<{ is: boolean }>('select pg_last_wal_replay_lsn() >= $1::pg_lsn as is', [at?.lsn])
    return row?.is === true
  })
  await Promise.all([primary.end(), standby.end()])
}
