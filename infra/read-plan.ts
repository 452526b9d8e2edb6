// The plan of a folder of definitions. In: the folder, region, central account. Out: the mesh and its plan, or an error
// that names every problem. Never: imports the CDK, so that those who only need the plan need not have it.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { checkMesh } from '../catalog/check-mesh.ts'
import type { Mesh } from '../catalog/mesh.ts'
import { toProblemText } from '../catalog/problem.ts'
import { readMesh } from '../catalog/read-mesh.ts'
import { type Plan, planMesh } from './plan.ts'

export interface PlanPlace {
  region: string
  centralAccount: string
  /** Endings of job scripts, the preferred one first. */
  kinds: readonly string[]
}

/** Glue runs Python; a sandbox runs SQL and TypeScript, of which the examples are. */
export const GLUE_KINDS = ['py', 'sql', 'ts']
export const SANDBOX_KINDS = ['sql', 'ts']

export async function readPlan(meshFolder: string, place: PlanPlace): Promise<Plan> {
  const checked = checkMesh(await readMesh(meshFolder))
  if (checked.kind === 'invalid') throw new Error(checked.problems.map(toProblemText).join('\n'))
  if (!checked.mesh) throw new Error(`The mesh in ${meshFolder} is not complete by itself.`)
  return toPlan(checked.mesh, meshFolder, place)
}

/** A job without a script gets the name that its script will have to have. */
export const toPlan = (mesh: Mesh, meshFolder: string, { region, centralAccount, kinds }: PlanPlace): Plan =>
  planMesh({
    ...{ mesh, region, centralAccount },
    scriptOf(job) {
      const file = scriptPlaces(meshFolder, job, kinds).find((candidate) => existsSync(candidate))
      return file === undefined ? `${job}.${kinds[0]}` : path.basename(file)
    },
  })

/** `<mesh>/jobs/`, or `jobs/` beside the mesh's folder. */
export const scriptPlaces = (meshFolder: string, job: string, kinds: readonly string[]): string[] =>
  [path.join(meshFolder, 'jobs'), path.join(meshFolder, '..', 'jobs')].flatMap((folder) =>
    kinds.map((kind) => path.join(folder, `${job}.${kind}`)),
  )
