// In: the grammar of the definition files (model/definition.schema.ts). Out: the same as JSON Schema, draft-07, by which
// editors complete, explain and check while one types. Never: written by hand; stricter than the grammar itself.
import { parse } from 'yaml'
import { z } from 'zod'
import { calendarFile } from '../model/calendar-file.schema.ts'
import { domainFile, productFile } from '../model/definition.schema.ts'

export type EditorSchema = z.core.JSONSchema.BaseSchema

/** Every kind of document; what only Sluice can check (a zone, a calendar, an upstream) is text here. */
export const toEditorSchema = (): EditorSchema => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Sluice definition file',
  description: 'One document of a mesh: a domain, a data product or a calendar',
  anyOf: [domainFile, productFile, calendarFile].map(toDraft7),
})

function toDraft7(schema: z.ZodType): EditorSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.examples) jsonSchema.examples = jsonSchema.examples.map(toValue)
    },
  })
  return rest
}

/** The grammar shows examples as they are typed in YAML; JSON Schema wants the values. */
const toValue = (example: unknown): unknown => (typeof example === 'string' ? parse(example) : example)
