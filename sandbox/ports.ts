// In: nothing, or a port somebody wants. Out: a port of 127.0.0.1 that was free a moment ago.
// Never: a promise that it stays free: who starts a server on it tries again with another (see `onFreePort`).
import { createServer } from 'node:net'

export const LOOPBACK = '127.0.0.1'

export function freePort(): Promise<number> {
  return listenOnce(0)
}

/** Refuses with one sentence when the wanted port is taken. */
export async function requireFreePort(port: number, what: string): Promise<number> {
  try {
    return await listenOnce(port)
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'is taken by another program' : String(cause)
    throw new Error(`Port ${port} for ${what} ${why}: choose another, or none and a free one is taken.`, { cause })
  }
}

/** Starts a server on a free port, and on another one when somebody was quicker on the first. */
export async function onFreePort<T>(start: () => Promise<T>, tries = 3): Promise<T> {
  try {
    return await start()
  } catch (error) {
    if (tries <= 1 || !/address already in use|could not bind|EADDRINUSE/i.test(String(error))) throw error
    return onFreePort(start, tries - 1)
  }
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, LOOPBACK, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port))
    })
  })
}
