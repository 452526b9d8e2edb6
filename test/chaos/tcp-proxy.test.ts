// The proxy itself: what it passes, spoils and heals. A server that answers each line is at the other end.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

let server: Server
let proxy: TcpProxy
let heard: string[]
const clients: Socket[] = []

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard.push(text)
      socket.write(`answer to ${text}`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => void server.close())

beforeEach(async () => {
  heard = []
  proxy = await startTcpProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await proxy.close()
})

async function open(): Promise<Socket> {
  const client = connect(proxy.port, proxy.host).setEncoding('utf8')
  client.on('error', () => undefined)
  clients.push(client)
  await once(client, 'connect')
  return client
}

/** `once` would take the reset for a failure. */
const closing = (client: Socket): Promise<void> => new Promise((resolve) => void client.once('close', () => resolve()))

async function ask(client: Socket, text: string): Promise<string> {
  client.write(text)
  const [answer] = (await once(client, 'data')) as [string]
  return answer
}

/** A process that stood still runs its timers before it reads what came meanwhile. */
const PATIENCE = { timeout: 60_000 }

const untilHeard = async (text: string): Promise<void> => expect.poll(() => heard, PATIENCE).toContain(text)

test('unspoilt, both ways pass; delayed, they pass later and in order', async () => {
  const client = await open()
  expect(await ask(client, 'one')).toBe('answer to one')
  proxy.spoil({ delayMs: 50 })
  expect(await ask(client, 'two')).toBe('answer to two')
})

test('with replies swallowed the request is executed and nothing comes back; the heal resets that connection', async () => {
  const client = await open()
  await ask(client, 'one')
  proxy.spoil({ swallowReplies: true })
  let isAnswered = false
  client.on('data', () => (isAnswered = true))
  client.write('two')
  await untilHeard('two')
  await expect.poll(() => proxy.swallowedBytes(), PATIENCE).toBe('answer to two'.length)
  const closed = closing(client)
  proxy.heal()
  await closed
  expect(isAnswered).toBe(false)
  expect(await ask(await open(), 'three')).toBe('answer to three')
})

test('half-open: nothing passes, the connection stays', async () => {
  const client = await open()
  await ask(client, 'one')
  proxy.spoil({ blackhole: true })
  client.write('two')
  await expect.poll(() => proxy.swallowedBytes(), PATIENCE).toBe('two'.length)
  expect(heard).toEqual(['one'])
  expect(client.destroyed).toBe(false)
  expect(proxy.connections()).toBe(1)
})

test('stranded: what lost bytes stays half-open after the heal, new connections pass', async () => {
  const client = await open()
  await ask(client, 'one')
  proxy.spoil({ blackhole: true })
  client.write('two')
  await expect.poll(() => proxy.swallowedBytes(), PATIENCE).toBe('two'.length)
  proxy.strand()
  expect(await ask(await open(), 'three')).toBe('answer to three')
  client.write('four')
  await expect.poll(() => proxy.swallowedBytes(), PATIENCE).toBe('twofour'.length)
  expect(heard).toEqual(['one', 'three'])
  expect(client.destroyed).toBe(false)
})

test('refused and cut connections end; so does one whose replies are too long', async () => {
  const cut = await open()
  await ask(cut, 'one')
  const cutEnd = closing(cut)
  proxy.spoil({ refuse: true })
  await cutEnd
  const refused = connect(proxy.port, proxy.host)
  refused.on('error', () => undefined)
  await closing(refused)
  proxy.spoil({ replyBytes: 4 })
  const short = await open()
  const shortEnd = closing(short)
  short.write('long')
  await shortEnd
})
