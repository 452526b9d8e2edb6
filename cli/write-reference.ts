// Writes docs/cli.md anew: `node cli/write-reference.ts`. A test says when that is due.
import { writeFileSync } from 'node:fs'
import { createProgram } from './program.ts'
import { toReference } from './reference.ts'

writeFileSync(new URL('../docs/cli.md', import.meta.url), toReference(createProgram('')))
