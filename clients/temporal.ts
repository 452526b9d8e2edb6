// Connections to Temporal, for clients and for workers. In: settings. Out: a connection that has answered once.
// Never: gives up while a server may still come up, before the patience given.
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { Client, Connection, type ConnectionOptions } from '@temporalio/client'
import type { TemporalSettings } from './config.ts'

/** What both Connection and NativeConnection take. */
export interface ServerOptions {
  address: string
  apiKey?: string
  tls?: NonNullable<ConnectionOptions['tls']>
}

/** Reads the certificates that the settings name. */
export async function toConnectionOptions(settings: TemporalSettings): Promise<ServerOptions> {
  const { address, apiKey, tls, clientCertPath, clientKeyPath, serverCaPath, serverName } = settings
  if (!tls) return { address }
  const config = {
    ...(serverName ? { serverNameOverride: serverName } : {}),
    ...(serverCaPath ? { serverRootCACertificate: await readFile(serverCaPath) } : {}),
    ...(clientCertPath && clientKeyPath
      ? { clientCertPair: { crt: await readFile(clientCertPath), key: await readFile(clientKeyPath) } }
      : {}),
  }
  return { address, tls: Object.keys(config).length > 0 ? config : true, ...(apiKey ? { apiKey } : {}) }
}

/** Tries for `patienceMs`; the SDK's own connect fails at once when the server is not there yet. */
export async function connectPatiently<T>(connect: () => Promise<T>, address: string, patienceMs: number): Promise<T> {
  const giveUpAtMs = Date.now() + patienceMs
  for (;;) {
    try {
      return await connect()
    } catch (error) {
      if (Date.now() >= giveUpAtMs)
        throw new Error(`Temporal at ${address} does not answer. Is it running, and is TEMPORAL_ADDRESS right?`, {
          cause: error,
        })
      await pause(500)
    }
  }
}

/**
 * A page of a history is counted in events, so it may be far above the 4 MB that gRPC takes unless told. The SDK means to tell
 * it, as much as this, and writes the option without its prefix (1.x, `addDefaults` of its connection).
 */
const MOST_BYTES = 128 * 1024 * 1024

/** A client of the namespace; close it through its connection. */
export async function openTemporal(settings: TemporalSettings, patienceMs: number): Promise<Client> {
  // One try of the SDK lasts 10 s when nothing answers, also where less patience was asked for.
  const options = {
    ...(await toConnectionOptions(settings)),
    ...{ connectTimeout: Math.min(10_000, patienceMs), channelArgs: { 'grpc.max_receive_message_length': MOST_BYTES } },
  }
  const connection = await connectPatiently(() => Connection.connect(options), settings.address, patienceMs)
  return new Client({ connection, namespace: settings.namespace })
}
