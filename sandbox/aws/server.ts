// The sandbox AWS: one HTTP server for all accounts, regions and services. In: how it shall run. Out: its endpoint,
// ledger and fault switches. Never: listens on anything but 127.0.0.1 unless told; outlives close().

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createOrganization } from './caller.ts'
import { createSystemClock } from './clock.ts'
import { createFaults } from './faults.ts'
import { createFront } from './front.ts'
import { createLedger } from './ledger.ts'
import type { Clock, Faults, Ledger } from './service.ts'
import { type Behaviour, createServices } from './services.ts'

export interface SandboxOptions {
  /** 127.0.0.1 unless told, for a container. An IP address: by it SDKs choose path style. Nobody is authenticated. */
  host?: string
  /** 0 or absent: any free port. */
  port?: number
  /** Real time unless a test drives it. */
  clock?: Clock
  /** Every ledger row is appended there as a JSON line. */
  ledgerFile?: string
  /** Whose account an event names after a rule forwarded it between accounts; unverified on AWS, so both can be had. */
  forwardedAccount?: 'origin' | 'bus'
  /** Accounts that are not of the sandbox's organisation, `o-sandbox`; a policy for the organisation refuses them. */
  outsiders?: readonly string[]
  /** Glue's quota, its call rate, how late it lists runs. */
  glue?: Behaviour['glue']
}

export interface Sandbox {
  /** `http://127.0.0.1:PORT`, or with the host given. */
  endpoint: string
  ledger: Ledger
  faults: Faults
  /** Ends every call in hand, frees timers and child processes. */
  close(): Promise<void>
}

/** Starts the sandbox and answers once it listens; a taken port rejects with a sentence. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const clock = options.clock ?? createSystemClock()
  const ledger = createLedger(clock, options.ledgerFile)
  const faults = createFaults(ledger)
  const server = createServer()
  const endpoint = await listen(server, options.host ?? '127.0.0.1', options.port ?? 0)
  const forwardedAccount = options.forwardedAccount ?? 'origin'
  const organizationOf = createOrganization(options.outsiders)
  const services = createServices(
    { clock, ledger, faults },
    { endpoint, forwardedAccount, organizationOf, glue: options.glue },
  )
  const closing = new AbortController()
  server.on('request', createFront({ services, clock, ledger, faults, closing: closing.signal }))
  return {
    endpoint,
    ledger,
    faults,
    async close() {
      closing.abort()
      server.close()
      server.closeAllConnections()
      await Promise.all([...services.json, ...services.rest].map(async (service) => service.close()))
      ledger.close()
    },
  }
}

async function listen(server: Server, host: string, port: number): Promise<string> {
  // SDKs keep connections for longer than Node's 5 s; a server that closes first gives them ECONNRESET at times.
  server.keepAliveTimeout = 75_000
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const isTaken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
    const found = isTaken ? 'another process has that port' : (cause as Error).message
    throw new Error(
      `Could not start the sandbox AWS on ${host}:${port}: ${found}. Choose another port, or 0 for any free one.`,
      { cause },
    )
  }
  return `http://${host}:${(server.address() as AddressInfo).port}`
}
