// Writes schemas/definition.schema.json anew: `node catalog/write-editor-schema.ts`. A test says when that is due.
import { writeFileSync } from 'node:fs'
import { toEditorSchema } from './editor-schema.ts'

const FILE = new URL('../schemas/definition.schema.json', import.meta.url)

writeFileSync(FILE, `${JSON.stringify(toEditorSchema(), null, 2)}\n`)
