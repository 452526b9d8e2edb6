// The sandbox AWS as a process. In: its arguments. Out: one JSON line on stdout when it is ready.
// Never: outlives its parent; says a failure in more than one sentence.

import { isIP } from 'node:net'
import { parseArgs } from 'node:util'
import { type SandboxOptions, startSandbox } from './server.ts'

const usage =
  'node sandbox/aws/main.ts [--host ADDRESS] [--port N] [--ledger FILE] [--forwarded-account origin|bus] [--standalone]'

function readOptions(): SandboxOptions & { isStandalone: boolean } {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '0' },
      ledger: { type: 'string' },
      'forwarded-account': { type: 'string', default: 'origin' },
      standalone: { type: 'boolean', default: false },
    },
  })
  const { host } = values
  if (isIP(host) !== 4) throw new Error(`--host ${host} is no IPv4 address.`)
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port ${values.port} is not 0 to 65535.`)
  const forwardedAccount = values['forwarded-account']
  if (forwardedAccount !== 'origin' && forwardedAccount !== 'bus') {
    throw new Error(`--forwarded-account ${forwardedAccount} is neither origin nor bus.`)
  }
  return { host, port, ledgerFile: values.ledger, forwardedAccount, isStandalone: values.standalone }
}

/** A parent that is killed closes our stdin; that is the only sign of it. A terminal or `--standalone` has no parent to mind. */
function stopWithParent(stop: () => void): void {
  process.stdin.on('end', stop).on('close', stop).on('error', stop).resume()
}

try {
  const { isStandalone, ...options } = readOptions()
  const sandbox = await startSandbox(options)
  let isStopping = false
  const stop = () => {
    if (isStopping) return
    isStopping = true
    void sandbox.close().finally(() => process.exit(0))
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
  process.stdout.on('error', stop)
  process.stdout.write(`${JSON.stringify({ endpoint: sandbox.endpoint, pid: process.pid })}\n`)
  if (!isStandalone && !process.stdin.isTTY) stopWithParent(stop)
} catch (cause) {
  process.stderr.write(`${(cause as Error).message}\nUsage: ${usage}\n`)
  process.exit(1)
}
