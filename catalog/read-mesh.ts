// In: folders of definition files. Out: the typed content of every document, and all problems of single documents.
// Never: stops at the first problem; looks at two documents together (check-mesh.ts does).
import { type CalendarFile, checkCalendarFile } from '../model/calendar-file.schema.ts'
import {
  type Checked,
  checkDomainFile,
  checkProductFile,
  type DomainFile,
  type ProductFile,
} from '../model/definition.schema.ts'
import { checkExternalFile, type ExternalFile } from '../model/external-file.schema.ts'
import { didYouMean } from '../model/nearest.ts'
import { readDocuments, type YamlDocument } from './documents.ts'
import { readFiles, type SourceFile } from './files.ts'
import type { Problem } from './problem.ts'

/** A document of a mesh that is well formed in itself. */
export interface Placed<File> {
  file: File
  placeOf: YamlDocument['placeOf']
}

export interface ParsedMesh {
  domains: Placed<DomainFile>[]
  products: Placed<ProductFile>[]
  calendars: Placed<CalendarFile>[]
  externals: Placed<ExternalFile>[]
  problems: Problem[]
  /** What documents with problems would have defined: it is not "unknown" to the others. */
  faulty: { names: string[]; hasNameless: boolean }
}

/** Reads every .yaml file of the folders (a path may also name one file). */
export async function readMesh(...paths: string[]): Promise<ParsedMesh> {
  const { files, problems } = await readFiles(paths)
  const parsed = parseMesh(files)
  return {
    ...parsed,
    problems: [...problems, ...parsed.problems],
    faulty: { ...parsed.faulty, hasNameless: parsed.faulty.hasNameless || problems.length > 0 },
  }
}

/** The same of texts already read. */
export function parseMesh(files: SourceFile[]): ParsedMesh {
  const mesh: ParsedMesh = {
    ...{ domains: [], products: [], calendars: [], externals: [] },
    problems: [],
    faulty: { names: [], hasNameless: false },
  }
  for (const file of files) {
    const { documents, problems } = readDocuments(file)
    mesh.problems.push(...problems)
    if (problems.length > 0) mesh.faulty.hasNameless = true
    for (const document of documents) addDocument(mesh, document)
  }
  return mesh
}

const KINDS = ['domain', 'product', 'calendar', 'external']
const ANY_KIND = `${KINDS.slice(0, -1)
  .map((kind) => `"${kind}"`)
  .join(', ')} or "${KINDS.at(-1)}"`

function addDocument(mesh: ParsedMesh, document: YamlDocument): void {
  const keys = isRecord(document.value) ? Object.keys(document.value) : []
  const [kind = ''] = keys
  if (kind === 'domain') add(mesh, mesh.domains, document, kind, checkDomainFile(document.value, document.sourceOf))
  else if (kind === 'product')
    add(mesh, mesh.products, document, kind, checkProductFile(document.value, document.sourceOf))
  else if (kind === 'calendar')
    add(mesh, mesh.calendars, document, kind, checkCalendarFile(document.value, document.sourceOf))
  else if (kind === 'external')
    add(mesh, mesh.externals, document, kind, checkExternalFile(document.value, document.sourceOf))
  else {
    mesh.problems.push({ ...document.placeOf([kind], 'key'), message: whyNoKind(keys) })
    mesh.faulty.hasNameless = true
  }
}

function add<File>(
  mesh: ParsedMesh,
  list: Placed<File>[],
  document: YamlDocument,
  kind: string,
  checked: Checked<File>,
): void {
  if (checked.kind === 'valid') {
    list.push({ file: checked.file, placeOf: document.placeOf })
    return
  }
  for (const { path, on, message } of checked.findings) {
    mesh.problems.push({ ...document.placeOf(path, on), message })
  }
  const name = isRecord(document.value) ? document.value[kind] : undefined
  if (typeof name === 'string') mesh.faulty.names.push(name)
  else mesh.faulty.hasNameless = true
}

function whyNoKind(keys: string[]): string {
  const [first] = keys
  if (first === undefined) return `expected keys and values; the first key is ${ANY_KIND}`
  // In this order: a domain or a product has a key "calendar" too.
  const later = KINDS.find((kind) => keys.includes(kind))
  if (later) return `the first key names the kind of the document: move "${later}" above "${first}"`
  return `"${first}" is no kind of document; the first key is ${ANY_KIND}${didYouMean(first, KINDS)}`
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
