// Entry: builds the workflow bundle into a file, `node workers/build-bundle.ts <file>`; CI and the local stack do.
import { buildBundle } from './bundle.ts'

const [file] = process.argv.slice(2)
if (!file) throw new Error('Say where the bundle goes: node workers/build-bundle.ts <file>')
await buildBundle(file)
