// `node infra/write-templates.ts`: writes the templates of the example mesh anew, after the stacks or the mesh changed.
import { fileURLToPath } from 'node:url'
import { EXAMPLE, TEMPLATES } from './example.ts'
import { readPlan } from './read-plan.ts'
import { synthesise } from './synthesise.ts'
import { writeStacks } from './write-stacks.ts'

const plan = await readPlan(fileURLToPath(EXAMPLE.mesh), EXAMPLE)
writeStacks(fileURLToPath(TEMPLATES), plan, await synthesise(plan, { isChecked: true }))
