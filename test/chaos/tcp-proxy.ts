// A TCP proxy of our own between a role and a server, to spoil the way between them without any privilege.
// In: host and port of the server. Out: a port of 127.0.0.1 that leads there, and switches.
// Never: outlives close(); decides by itself when something goes wrong.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Spoiling {
  /** Each chunk, both ways, comes this much later; order is kept. */
  delayMs?: number
  /** Requests pass, and nothing comes back: executed, its answer unseen. */
  swallowReplies?: boolean
  /** Nothing passes either way, connections stay up: half-open. */
  blackhole?: boolean
  /** New connections are refused, those there are reset. */
  refuse?: boolean
  /** Of each connection's replies this many bytes pass, then it is reset. */
  replyBytes?: number
}

export interface TcpProxy {
  host: string
  port: number
  /** Takes the place of what was set before; `{}` heals new connections and lets bytes pass again. */
  spoil(spoiling: Spoiling): void
  /** Resets every connection there is. */
  cut(): void
  /** Heals, and resets connections that lost bytes meanwhile: nobody could make sense of the rest. */
  heal(): void
  /** Heals for new connections only: those that lost bytes stay half-open, until one of their ends gives them up. */
  strand(): void
  connections(): number
  /** Bytes that came to the proxy and went no further. */
  swallowedBytes(): number
  close(): Promise<void>
}

const LOOPBACK = '127.0.0.1'

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  let spoiling: Spoiling = {}
  const pairs = new Set<[Socket, Socket]>()
  const spoilt = new Set<[Socket, Socket]>()
  const stranded = new WeakSet<[Socket, Socket]>()
  let swallowed = 0
  const server = createServer((client) => {
    if (spoiling.refuse) return void client.resetAndDestroy()
    const upstream = connect(target)
    const pair: [Socket, Socket] = [client, upstream]
    pairs.add(pair)
    let replied = 0
    const lose = (bytes: number): void => {
      spoilt.add(pair)
      swallowed += bytes
    }
    pump(client, upstream, () => spoiling, {
      passes: () => !spoiling.blackhole && !stranded.has(pair),
      lose,
    })
    pump(upstream, client, () => spoiling, {
      passes(bytes) {
        replied += bytes
        if (spoiling.replyBytes !== undefined && replied > spoiling.replyBytes) reset(pair)
        return !spoiling.blackhole && !spoiling.swallowReplies && !stranded.has(pair)
      },
      lose,
    })
    for (const socket of pair) {
      socket.on('error', () => reset(pair))
      socket.on('close', () => {
        pairs.delete(pair)
        spoilt.delete(pair)
        for (const other of pair) other.destroy()
      })
    }
  })
  server.listen(0, LOOPBACK)
  await once(server, 'listening')
  const cut = (): void => [...pairs].forEach(reset)
  return {
    host: LOOPBACK,
    port: (server.address() as AddressInfo).port,
    spoil(next) {
      spoiling = next
      if (next.refuse) cut()
    },
    cut,
    heal() {
      spoiling = {}
      ;[...spoilt].forEach(reset)
    },
    strand() {
      spoiling = {}
      for (const pair of spoilt) stranded.add(pair)
    },
    connections: () => pairs.size,
    swallowedBytes: () => swallowed,
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}

const reset = (pair: [Socket, Socket]): void => pair.forEach((socket) => socket.resetAndDestroy())

interface Gate {
  passes(bytes: number): boolean
  /** Told that bytes were swallowed. */
  lose(bytes: number): void
}

/** Chunks leave in the order in which they came, each as late as the delay of its coming says. */
function pump(from: Socket, to: Socket, spoiling: () => Spoiling, gate: Gate): void {
  let line = Promise.resolve()
  from.on('data', (chunk) => {
    if (!gate.passes(chunk.length)) return gate.lose(chunk.length)
    const { delayMs = 0 } = spoiling()
    if (delayMs === 0) {
      line = line.then(() => write(to, chunk))
      return
    }
    const due = new Promise<void>((resolve) => setTimeout(resolve, delayMs).unref())
    line = Promise.all([line, due]).then(() => write(to, chunk))
  })
  from.on('end', () => {
    line = line.then(() => void to.end())
  })
}

function write(to: Socket, chunk: Buffer): void {
  if (to.writable) to.write(chunk)
}
