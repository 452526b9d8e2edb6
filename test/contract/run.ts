// `npm run contract`: the contract put to one target. In: arguments. Out: a table by service, of claims held, differing and
// not put; exit code 1 where a claim differs. Never: real AWS unless `--aws` says so.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { installed, run } from '../steps.ts'
import { type ClaimResult, type ContractReport, readReport, toTable } from './report.ts'

const usage = `npm run contract -- [--endpoint URL | --aws] [--service NAME] [--json FILE] [-o table|json]

Puts every claim about AWS to a target: the sandbox of this checkout, in the process of the tests, unless told.

  --endpoint URL  an emulator, or a sandbox of another process. Its accounts are access key ids, or what the keys
                  SLUICE_CONTRACT_KEY and SLUICE_CONTRACT_OTHER_KEY stand for
  --aws           real AWS, with names that begin with sluice-contract-: credentials of the profiles
                  SLUICE_CONTRACT_PROFILE and SLUICE_CONTRACT_OTHER_PROFILE, accounts SLUICE_CONTRACT_ACCOUNT and
                  SLUICE_CONTRACT_OTHER_ACCOUNT, region SLUICE_CONTRACT_REGION (us-east-1)
  --service NAME  only the claims of one service: the files test/contract/NAME-*.test.ts
  --json FILE     writes the report there too, as JSON
  -o json         prints the report as JSON instead of the table
  -h, --help

A claim is not put where the target lacks what it needs, refuses a call that sets its stage, or answers with a web page
instead of AWS's protocol; the report names the call.

Exit code: 0 all claims put hold, 1 some differ, 2 the contract could not be put.`

interface Options {
  endpoint?: string
  isAws: boolean
  service?: string
  jsonFile?: string
  output: 'table' | 'json'
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      endpoint: { type: 'string' },
      aws: { type: 'boolean', default: false },
      service: { type: 'string' },
      json: { type: 'string' },
      output: { type: 'string', short: 'o', default: 'table' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const { endpoint, aws: isAws, service, json: jsonFile, output } = values
  if (endpoint !== undefined && isAws) throw new Error('--endpoint and --aws are two targets: name one.')
  if (endpoint !== undefined && !URL.canParse(endpoint)) throw new Error(`--endpoint ${endpoint} is no address.`)
  if (output !== 'table' && output !== 'json') throw new Error(`-o ${output} is neither table nor json.`)
  return { endpoint: endpoint?.replace(/\/$/, ''), isAws, service, jsonFile, output }
}

async function putContract({ endpoint, isAws, service }: Options): Promise<ClaimResult[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-contract-'))
  const file = path.join(folder, 'report.json')
  const only = service === undefined ? [] : [`test/contract/${service}-`]
  const reporter = ['--reporter=json', `--outputFile.json=${file}`]
  // The child inherits the environment: this is how target.ts hears of its target.
  if (endpoint !== undefined) process.env['SLUICE_CONTRACT_ENDPOINT'] = endpoint
  if (isAws) process.env['SLUICE_CONTRACT_AWS'] = '1'
  try {
    const args = [installed('vitest/vitest.mjs'), 'run', '--project', 'contract', ...reporter, ...only]
    const { output } = await run(process.execPath, args)
    return readReport(readFileSync(file, 'utf8'), output)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

try {
  const options = readOptions()
  if (options === undefined) console.log(usage)
  else {
    const claims = await putContract(options)
    const target = options.isAws ? 'AWS' : (options.endpoint ?? 'the sandbox of this checkout')
    const report: ContractReport = { target, claims }
    const json = `${JSON.stringify(report, undefined, 2)}\n`
    if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, json)
    process.stdout.write(options.output === 'json' ? json : toTable(report))
    process.exitCode = claims.some(({ outcome }) => outcome === 'differs') ? 1 : 0
  }
} catch (cause) {
  console.error(`${(cause as Error).message}\n\n${usage}`)
  process.exitCode = 2
}
