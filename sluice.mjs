#!/usr/bin/env node
// In: any Node from 18 up, perhaps no node_modules. Out: cli/main.ts (or `--script FILE`) running on a Node that can run
// TypeScript, with its packages installed; its exit code is ours.
// Never: a dependency, syntax newer than Node 18, a call to the network once both are in place.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const PRIVATE_NODE = '24.21.0'
// Only these have a package with that build; everyone else installs Node by himself.
const PRIVATE_NODE_PLATFORMS = ['linux-x64', 'linux-arm64']
const LOCK_STALE_MS = 15 * 60_000
const NODE_ADVICE = 'Install Node.js 24 from https://nodejs.org (or with your version manager), then try again.'
const root = path.dirname(fileURLToPath(import.meta.url))

/** An expected trouble: its message is all that is printed. */
class Trouble extends Error {}

async function main(argv) {
  const { script, args } = parseArguments(argv)
  if (!script && args.length === 1 && (args[0] === '--version' || args[0] === '-V')) return print(readVersion())
  const wantsHelp = !script && args.some((arg) => arg === '--help' || arg === '-h')
  const system = canRunSluice(process.versions.node) ? process.execPath : undefined
  const cached = privateNodePath()
  const known = system || (fs.existsSync(cached) ? cached : undefined)
  // Help must not cost a download.
  if (wantsHelp && (!known || !isInstalled())) return print(firstHelp())
  const node = known || (await installPrivateNode(cached))
  if (!isInstalled()) await installPackages(node)
  return run(node, Boolean(script), [script || path.join(root, 'cli', 'main.ts'), ...args])
}

function parseArguments(argv) {
  if (argv[0] !== '--script') return { script: undefined, args: argv }
  if (!argv[1]) throw new Trouble('--script needs a file, e.g. --script test/check.ts.')
  return { script: path.resolve(root, argv[1]), args: argv.slice(2) }
}

/** 22.18 runs TypeScript without a flag; 23 and 25 are odd releases that the test runner refuses. */
function canRunSluice(version) {
  const [major, minor] = version.split('.').map(Number)
  return (major === 22 && minor >= 18) || major === 24 || major >= 26
}

const readVersion = () => JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).version

const firstHelp = () =>
  `Usage: sluice <command> [options]

Sluice ${readVersion()} orchestrates data products: one refreshes the moment everything it needs has arrived.

Nothing is installed yet. The first command installs what is missing (Node ${PRIVATE_NODE.split('.')[0]} if this one,
${process.versions.node}, is too old, and the npm packages); after it --help lists every command.

  npm start            the demo: a local stack, an example mesh, real events
  node sluice.mjs demo --help`

// --- A Node that is new enough -------------------------------------------------------------------------------------

function cacheFolder() {
  const set = process.env.XDG_CACHE_HOME
  if (set && path.isAbsolute(set)) return path.join(set, 'sluice')
  return process.platform === 'darwin'
    ? path.join(os.homedir(), 'Library', 'Caches', 'sluice')
    : path.join(os.homedir(), '.cache', 'sluice')
}

const platform = () => `${process.platform}-${process.arch}`

const privateNodeFolder = () => path.join(cacheFolder(), `node-${PRIVATE_NODE}-${platform()}`)

const privateNodePath = () => path.join(privateNodeFolder(), 'node_modules', `node-${platform()}`, 'bin', 'node')

/** Fetched beside its place and moved there by one rename: half a Node is never seen, two at once both end well. */
async function installPrivateNode(target) {
  const found = `This is Node ${process.versions.node}; Sluice needs 22.18 or newer, 24, or 26 and up.`
  if (!PRIVATE_NODE_PLATFORMS.includes(platform())) throw new Trouble(`${found} ${NODE_ADVICE}`)
  const folder = privateNodeFolder()
  const temporary = `${folder}.${process.pid}-${randomBytes(4).toString('hex')}`
  const log = path.join(cacheFolder(), 'node-install.log')
  makeFolder(temporary)
  try {
    const done = startProgress(`${found} Fetching Node ${PRIVATE_NODE} into ${cacheFolder()}, once`)
    const spec = `node-${platform()}@${PRIVATE_NODE}`
    await npm(
      process.execPath,
      ['install', '--prefix', temporary, '--ignore-scripts', '--no-save', spec],
      temporary,
      log,
    )
    await verifyNode(path.join(temporary, path.relative(folder, target)))
    moveIntoPlace(temporary, folder)
    done()
    return target
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true })
  }
}

async function verifyNode(file) {
  const result = await execute(file, ['--version'], { stdio: ['ignore', 'pipe', 'pipe'] }).catch((error) => ({ error }))
  if (!result.error && result.code === 0 && result.output.trim() === `v${PRIVATE_NODE}`) return
  const found = result.error ? result.error.message : result.output.trim().slice(-200)
  throw new Trouble(`Node ${PRIVATE_NODE} was fetched but does not run here (${found}). ${NODE_ADVICE}`)
}

function moveIntoPlace(temporary, folder) {
  try {
    fs.renameSync(temporary, folder)
  } catch (error) {
    // Another first start was quicker; its copy is as good as ours.
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error
  }
}

// --- The npm packages ----------------------------------------------------------------------------------------------

const stampFile = () => path.join(root, 'node_modules', '.sluice-stamp')

/** True when npm ci ran for this lockfile; npm ci removes the stamp with node_modules. */
function isInstalled() {
  // Installed as a package by somebody else's npm: there is no lockfile, and the packages are his business.
  if (!fs.existsSync(path.join(root, 'package-lock.json'))) return true
  try {
    return fs.readFileSync(stampFile(), 'utf8') === stamp()
  } catch {
    return false
  }
}

function stamp() {
  const lockfile = fs.readFileSync(path.join(root, 'package-lock.json'))
  // Not the major of Node: every native package here serves them all, and a shell with another Node would install again
  // under a stack that runs.
  return `${createHash('sha256').update(lockfile).digest('hex')} ${platform()}\n`
}

async function installPackages(node) {
  const folder = path.join(root, '.sluice')
  makeFolder(folder)
  const unlock = await lock(path.join(folder, 'install.lock'))
  try {
    if (isInstalled()) return
    const done = startProgress('Installing the npm packages (npm ci), once per lockfile')
    await npm(node, ['ci'], root, path.join(folder, 'install.log'))
    fs.writeFileSync(stampFile(), stamp())
    done()
  } finally {
    unlock()
  }
}

/** The lock file is linked into place with its content, so it always names its holder; a dead holder loses it. */
async function lock(file) {
  const token = `${process.pid} ${randomBytes(8).toString('hex')}`
  const own = `${file}.${process.pid}`
  fs.writeFileSync(own, token)
  let waiting = false
  try {
    for (;;) {
      if (tryLink(own, file)) {
        // Somebody who saw a dead holder at the same time may have removed ours: look again after a moment.
        await pause(waiting ? 250 : 50)
        if (readIfThere(file) === token) break
      } else {
        if (!waiting) say('Another start is installing the packages; waiting for it.')
        waiting = true
        removeIfDead(file)
        await pause(250)
      }
    }
  } finally {
    fs.rmSync(own, { force: true })
  }
  return () => {
    if (readIfThere(file) === token) fs.rmSync(file, { force: true })
  }
}

function tryLink(from, to) {
  try {
    fs.linkSync(from, to)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function removeIfDead(file) {
  const content = readIfThere(file)
  if (content === undefined) return
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  const isOld = stat !== undefined && Date.now() - stat.mtimeMs > LOCK_STALE_MS
  if ((isOld || !isAlive(Number(content.split(' ')[0]))) && readIfThere(file) === content)
    fs.rmSync(file, { force: true })
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function readIfThere(file) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

// --- npm -----------------------------------------------------------------------------------------------------------

/** Runs npm on the given Node; what npm says goes to the log only. */
async function npm(node, args, cwd, log) {
  // The npm that runs us, if one does; pnpm and yarn set the same variable to themselves.
  const own = /npm-cli\.[cm]?js$/.test(process.env.npm_execpath || '') ? process.env.npm_execpath : undefined
  const quiet = ['--no-audit', '--no-fund', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000']
  const output = fs.openSync(log, 'w')
  const command = own ? [node, own, ...args, ...quiet] : ['npm', ...args, ...quiet]
  const options = { cwd, env: environment(node), stdio: ['ignore', output, output] }
  try {
    const { code, signal } = await execute(command[0], command.slice(1), options)
    if (code !== 0) throw npmTrouble(args[0], signal || `exit code ${code}`, log)
  } catch (error) {
    if (error.code === 'ENOENT' && !own) throw new Trouble(`npm was not found in PATH. ${NODE_ADVICE}`)
    throw error
  } finally {
    fs.closeSync(output)
  }
}

function npmTrouble(what, ended, log) {
  const text = readIfThere(log) || ''
  const reason = /ENOSPC/.test(text)
    ? 'the disk is full: free some space, then start again'
    : /EUSAGE/.test(text)
      ? 'package.json and package-lock.json do not agree: restore both from git, then start again'
      : /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i.test(text)
        ? 'the npm registry could not be reached: the first start needs it (later ones do not), so check the network or npm’s proxy and registry settings, then start again'
        : /EACCES|EPERM|EROFS/.test(text)
          ? 'a folder may not be written: check its owner and rights, then start again'
          : `it ended with ${ended}: read the log, then start again`
  return new Trouble(`npm ${what} failed, ${reason}. npm’s own words: ${log}`)
}

function makeFolder(folder) {
  try {
    fs.mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new Trouble(`Could not make the folder ${folder} (${error.code}): check its owner, rights and the free disk.`)
  }
}

// --- Processes -----------------------------------------------------------------------------------------------------

/** The chosen Node is also what `node` means to everything that is started from here. */
function environment(node) {
  const rest = process.env.PATH ? path.delimiter + process.env.PATH : ''
  return { ...process.env, PATH: path.dirname(node) + rest }
}

/**
 * Compiled once: each of the stack's processes starts sooner and needs some 20 MB less. Made here, one level after the
 * other: Node, told of a folder that cannot be made (below /proc), tries for ever, as `mkdir` with `recursive` does.
 */
function compileCache() {
  const folder = path.join(cacheFolder(), 'compiled')
  for (const level of [path.dirname(cacheFolder()), cacheFolder(), folder]) {
    try {
      fs.mkdirSync(level)
    } catch (error) {
      if (error.code !== 'EEXIST') return {}
    }
  }
  return { NODE_COMPILE_CACHE: folder }
}

/** Asynchronous on purpose: a spawnSync launcher cannot hand on a SIGTERM and orphans its child. */
async function run(node, isScript, args) {
  // Node 22 calls type stripping experimental on each start; it is not news to the reader.
  const flags = ['--disable-warning=ExperimentalWarning']
  // A command that keeps a stack up mostly waits: by default V8 keeps some 30 MB more.
  if (!isScript) flags.push('--max-semi-space-size=4')
  // By this the command sees that its launcher was killed, which could hand on no signal then.
  const env = {
    ...compileCache(),
    ...environment(node),
    SLUICE_LAUNCHER: String(process.pid),
  }
  const result = await execute(node, [...flags, ...args], { stdio: 'inherit', env })
  process.exitCode = result.signal ? 128 + (os.constants.signals[result.signal] || 0) : result.code
}

function execute(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options)
    const forget = forwardSignals(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) if (stream) stream.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => (forget(), reject(error)))
    child.on('close', (code, signal) => (forget(), resolve({ code, signal, output })))
  })
}

function forwardSignals(child) {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  const listeners = signals.map((signal) => () => {
    // Ctrl-C on a terminal reaches the whole foreground group: handing it on would count as a second one.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  })
  signals.forEach((signal, i) => process.on(signal, listeners[i]))
  return () => signals.forEach((signal, i) => process.removeListener(signal, listeners[i]))
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const print = (text) => void process.stdout.write(`${text}\n`)

const say = (text) => void process.stderr.write(`sluice: ${text}\n`)

/** Says what is going on, every 15 s that it still is, and how long it took. */
function startProgress(text) {
  const startedAt = Date.now()
  const seconds = () => `${Math.round((Date.now() - startedAt) / 1000)} s`
  say(`${text} …`)
  const timer = setInterval(() => say(`… still at it (${seconds()})`), 15_000)
  timer.unref()
  return () => {
    clearInterval(timer)
    say(`done in ${seconds()}.`)
  }
}

main(process.argv.slice(2)).catch((error) => {
  const isKnown = error instanceof Trouble
  const full = error.code === 'ENOSPC' ? 'The disk is full: free some space, then start again.' : undefined
  say(full || (isKnown ? error.message : `${error.message} (${error.code || error.name}) in ${root}`))
  process.exitCode = 1
})
