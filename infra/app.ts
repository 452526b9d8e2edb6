// `node infra/app.ts --mesh examples/mesh --out DIR`: the stacks of a mesh as templates, for AWS or for a local stack.
// Never: deploys; that is the platform team's own tool (docs/deploying.md).
import { parseArgs } from 'node:util'
import { GLUE_KINDS, readPlan } from './read-plan.ts'
import { synthesise } from './synthesise.ts'
import { writeStacks } from './write-stacks.ts'

const { values } = parseArgs({
  options: {
    mesh: { type: 'string' },
    out: { type: 'string' },
    region: { type: 'string', default: 'us-east-1' },
    'central-account': { type: 'string', default: '999999999999' },
    /** Endings of job scripts, the preferred one first. */
    scripts: { type: 'string', default: GLUE_KINDS.join(',') },
    /** Without cdk-nag, which takes most of the time: for a local stack. */
    unchecked: { type: 'boolean', default: false },
  },
})
const { mesh, out, region } = values
if (!mesh || !out) {
  console.error('Say which mesh, and where the templates go: node infra/app.ts --mesh examples/mesh --out templates')
  process.exit(1)
}
const kinds = values.scripts.split(',')
const plan = await readPlan(mesh, { region, centralAccount: values['central-account'], kinds })
const stacks = await synthesise(plan, { isChecked: !values.unchecked })
writeStacks(out, plan, stacks)
console.log(`${stacks.length} templates in ${out}: ${stacks.map(({ stack }) => stack).join(', ')}`)
