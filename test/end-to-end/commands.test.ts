// The entry as the shell calls it. What a command loads before it acts is the time that every --help takes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { expect, test } from 'vitest'
import { createProgram } from '../../cli/program.ts'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

/** Writes the address of each module that Node loads, CommonJS or not. */
const TRACE = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module'
import { writeSync } from 'node:fs'
registerHooks({ load: (url, context, next) => { writeSync(2, 'loads ' + url + '\\n'); return next(url, context) } })
`)}`

async function run(args: string[], flags: string[] = [], { servers = {}, began = () => undefined }: Surroundings = {}) {
  const env = { ...process.env, NODE_OPTIONS: undefined, ...servers }
  const child = spawn(process.execPath, [...flags, MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env })
  began(child)
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  const [code] = await once(child, 'close')
  return { code, out, err }
}

interface Surroundings {
  servers?: NodeJS.ProcessEnv
  began?: (child: ChildProcess) => void
}

const commands = allOf(createProgram('')).map((names) => ({ names, title: names.join(' ') }))

function allOf(command: CommandUnknownOpts, before: string[] = []): string[][] {
  return command.commands.flatMap((part) => {
    const names = [...before, part.name()]
    return [names, ...allOf(part, names)]
  })
}

test.each(commands)('$title --help says what it is for, with an example, and loads no server', async ({ names }) => {
  const { code, out, err } = await run([...names, '--help'], ['--import', TRACE])
  expect(code).toBe(0)
  const [usage, , description] = out.split('\n')
  expect(usage).toContain(`Usage: sluice ${names.join(' ')}`)
  expect(description).not.toBe('')
  expect(out).toMatch(new RegExp(`Examples?:\\n(.*\\n)*.*sluice ${names.join(' ')}`))
  const loaded = err.split('\n').filter((line) => line.startsWith('loads '))
  expect(loaded.some((line) => line.includes('/node_modules/commander/'))).toBe(true)
  expect(loaded.filter((line) => /\/node_modules\/(@temporalio|@aws-sdk|@smithy|pg|zod)\//.test(line))).toEqual([])
})

test('every command is asked for its help', () => {
  expect(commands.length).toBeGreaterThan(15)
})

test('--version prints the version alone', async () => {
  expect(await run(['--version'])).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' })
})

test.each<[string, string[], RegExp]>([
  ['an unknown command', ['stats'], /^sluice: unknown command 'stats'\n\(Did you mean status\?\)/],
  ['an unknown option', ['status', '--bogus'], /^sluice: unknown option '--bogus'/],
  ['a missing argument', ['explain'], /^sluice: missing required argument 'cycle'/],
  ['a cycle that is none', ['explain', 'd1/ds3'], /^sluice: .*Expected <domain>\/<product>\/<cycle>/],
  ['an unknown part', ['dev', '--only', 'kafka'], /There is no part kafka; parts are aws, temporal, postgres\./],
  [
    'too many dates',
    ['status', '--dates', '401'],
    /^sluice: option '--dates <n>' .* Expected a whole number, 1 to 400\./,
  ],
  ['no reason', ['rerun', 'd1/ds3/2026-11-20'], /^sluice: required option '--reason <text>' not specified/],
  ...[
    ['rerun', 'd1/ds3/2026-11-20', '--reason', '--dry-run'],
    ['hold', 'd1/ds3', '--reason', '--dry-run'],
    ['hold', 'd1/ds3', '--reason', '-o', 'json'],
    ['cancel', 'd1/ds3/2026-11-20', '--reason', '--actor=ann'],
    ['skip', 'd1/ds3/2026-11-20', '--actor', '--reason', 'why'],
    ['events', 'withdraw', 'd1/ds3/2026-11-20/r1', '--reason', '--dryrun'],
    ['backfill', 'd1/ds3', '--stop', '--reason', '--help'],
    ['apply', 'mesh', '--reason', '--prune'],
    ['status', '--state', '--late'],
  ].map((args): [string, string[], RegExp] => [
    `a text that was forgotten (${args.join(' ')})`,
    args,
    /^sluice: option '.*' argument '-.*' is invalid\. Its value is missing: -/,
  ]),
  ['a stack that does not run', ['status', '--stack', 'gone'], /^sluice: No stack "gone" runs from /],
  ['a folder that is not there', ['dev', 'gone'], /^sluice: There is no folder gone\./],
])('%s is answered by a sentence and exit code 1, not by a stack trace', async (_, args, sentence) => {
  const { code, out, err } = await run(args)
  expect(code).toBe(1)
  expect(out).toBe('')
  expect(err).toMatch(sentence)
  expect(err).not.toMatch(/\n {4}at /)
})

test.each([
  [['rerun', 'd1/ds3/2026-11-20'], { cycle: 'd1/ds3/2026-11-20', action: 'rerun' }],
  [['hold', 'd1/ds3', '--dry-run'], { product: 'd1/ds3', action: 'hold', isDryRun: true }],
  [['upgrade', '--product', 'd1/ds3'], { product: 'd1/ds3', action: 'upgrade' }],
  [['events', 'withdraw', 'd1/ds3/2026-11-20/r1'], { eventId: 'd1/ds3/2026-11-20/r1', action: 'withdraw' }],
])('%s that is refused says so as JSON, where JSON is asked for', async (args, about) => {
  const asked = [...args, '--actor', 'ann', '--reason', ' ']
  const plain = await run(asked)
  expect(plain).toEqual({
    code: 4,
    out: '',
    err: expect.stringMatching(/^sluice: .* a reason that say something\.\n$/),
  })
  const { code, out, err } = await run([...asked, '-o', 'json'])
  expect([code, err]).toEqual([4, plain.err])
  expect(JSON.parse(out)).toEqual({ ...about, actor: 'ann', reason: ' ', refused: err.slice('sluice: '.length, -1) })
})

test.each([
  [['cancel', 'd1/ds3/2026-11-20'], 'sluice explain d1/ds3/2026-11-20'],
  [['backfill', 'd1/ds3', '--stop'], 'sluice audit --product d1/ds3'],
])('%s that Ctrl-C interrupts says that it may have been taken, and where to look', async (args, look) => {
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  const sockets: Socket[] = []
  const began = (child: ChildProcess): void =>
    void silent.on('connection', (socket) => (sockets.push(socket), child.kill('SIGINT')))
  const servers = {
    ...{ TEMPORAL_ADDRESS: `127.0.0.1:${port}`, DATABASE_URL: 'postgres://me@127.0.0.1:1/x' },
    ...{ AWS_REGION: 'us-east-1', AWS_ACCOUNT_ID: '222222222222', SLUICE_CATALOG_BUCKET: 'catalog' },
    SLUICE_CENTRAL_BUS_ARN: 'arn:aws:events:us-east-1:222222222222:event-bus/sluice-central',
  }
  const { code, out, err } = await run([...args, '--actor', 'ann', '--reason', 'why'], [], { servers, began })
  expect([code, out]).toEqual([130, ''])
  expect(err).toBe(`Interrupted. It may have been taken all the same; see: ${look}\n`)
  for (const socket of sockets) socket.destroy()
  silent.close()
})

test('a reader that goes away is no error', async () => {
  const env = { ...process.env, NODE_OPTIONS: undefined }
  const child = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'], env })
  child.stdout.destroy()
  let err = ''
  child.stderr.on('data', (chunk) => (err += chunk))
  const [code] = await once(child, 'close')
  expect([code, err]).toEqual([0, ''])
})
