// `sluice dev deploy`: a mesh onto a sandbox AWS and a database that run already, such as those of docker-compose.yml.
// Never: on AWS itself; there infrastructure is deployed by its own tools, and definitions by `sluice apply`.
import path from 'node:path'
import { requireAsker } from '../asker.ts'
import { CommandFailure, EXIT } from '../failure.ts'
import { print } from '../output.ts'
import { deployMesh } from './deploy-mesh.ts'

export interface DeployOptions {
  actor: string
  /** Folder of templates made already. */
  templates?: string
}

export async function deploy(meshFolder: string, { templates, ...given }: DeployOptions): Promise<number> {
  const { actor } = requireAsker({ ...given, reason: 'deployed' }, 'This needs an actor that says something: --actor.')
  const { AWS_ENDPOINT_URL: awsEndpoint, DATABASE_URL: databaseUrl, SLUICE_LOGIN_PASSWORD } = process.env
  if (!awsEndpoint || !databaseUrl) {
    throw new CommandFailure(
      EXIT.failed,
      'Say which sandbox AWS and which database: AWS_ENDPOINT_URL and DATABASE_URL. `sluice dev env` prints those of a stack.',
    )
  }
  await requireSandbox(awsEndpoint)
  const deployed = await deployMesh({
    ...{ awsEndpoint, databaseUrl, meshFolder, actor },
    ...(templates !== undefined && { templatesFolder: templates }),
    templatesCache: path.resolve('.sluice', 'templates'),
    say: (line) => void process.stderr.write(`${line}\n`),
    ...(SLUICE_LOGIN_PASSWORD ? { loginPassword: SLUICE_LOGIN_PASSWORD } : {}),
  })
  const domains = deployed.mesh.domains.map(({ domain }) => domain).join(', ')
  print(`Deployed ${deployed.mesh.products.length} products of ${domains} on ${awsEndpoint}.`)
  return 0
}

/** Only a sandbox answers this. */
async function requireSandbox(endpoint: string): Promise<void> {
  const answer = await fetch(`${endpoint}/_sandbox/faults`).catch((cause: unknown) => {
    throw new CommandFailure(
      EXIT.failed,
      `Nothing answers at ${endpoint} (${(cause as Error).message}). Start it first.`,
    )
  })
  if (!answer.ok) throw new CommandFailure(EXIT.notAllowed, `${endpoint} is no sandbox AWS: it has no fault switches.`)
}
