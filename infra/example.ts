// The example mesh, whose templates are committed. Never: imports the CDK.
import { SANDBOX_KINDS } from './read-plan.ts'

export const EXAMPLE = {
  mesh: new URL('../examples/mesh', import.meta.url),
  region: 'us-east-1',
  centralAccount: '999999999999',
  kinds: SANDBOX_KINDS,
}

export const TEMPLATES = new URL('templates', import.meta.url)
