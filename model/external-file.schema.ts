export interface ExternalFile {
  external: string
  calendar?: string
}
