import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readFiles } from './files.ts'
import { toProblemText } from './problem.ts'

const MIB = 1_048_576

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-files-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, content: string | Buffer): string {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, content)
  return file
}

const namesIn = async (...paths: string[]): Promise<string[]> =>
  (await readFiles(paths)).files.map(({ file }) => path.relative(folder, file))
const problemsIn = async (...paths: string[]): Promise<string[]> =>
  (await readFiles(paths)).problems.map((problem) => toProblemText(problem).replace(folder, 'mesh'))

test('every .yaml and .yml file of a folder and the folders in it, by name; nothing else', async () => {
  for (const name of ['d1/ds2.yaml', 'd1/ds1.yml', 'a.YAML', 'README.md', 'd1/.hidden.yaml']) write(name, name)
  for (const name of ['.git/x.yaml', 'node_modules/y/z.yaml']) write(name, name)
  expect(await namesIn(folder)).toEqual(['a.YAML', 'd1/ds1.yml', 'd1/ds2.yaml'])
})

test('a file that is named twice, by itself and by its folder, is read once', async () => {
  const file = write('d1/ds1.yaml', 'a: 1')
  expect(await namesIn(folder, file, path.join(folder, '.', 'd1', '..', 'd1', 'ds1.yaml'))).toEqual(['d1/ds1.yaml'])
})

test('a file that is named is read whatever its ending', async () => {
  expect(await namesIn(write('one.txt', 'a: 1'))).toEqual(['one.txt'])
})

test('a linked folder is not followed', async () => {
  write('d1/ds1.yaml', 'a: 1')
  symlinkSync(folder, path.join(folder, 'd1', 'round'))
  expect(await namesIn(folder)).toEqual(['d1/ds1.yaml'])
})

test('a file of 1 MiB is read, one byte more is not', async () => {
  write('fits.yaml', `#${'x'.repeat(MIB - 1)}`)
  write('large.yaml', `#${'x'.repeat(MIB)}`)
  expect(await namesIn(folder)).toEqual(['fits.yaml'])
  expect(await problemsIn(folder)).toEqual([
    'mesh/large.yaml: 1048577 bytes; a definition file has at most 1048576 (1 MiB)',
  ])
})

test('text that is not UTF-8 is told by file, and the others are read', async () => {
  write('latin1.yaml', Buffer.from('description: caf\xe9\n', 'latin1'))
  write('utf16.yaml', Buffer.from('\ufeffproduct: d1/ds1\n', 'utf16le'))
  write('utf8.yaml', '\ufeffdescription: café\n')
  const { files } = await readFiles([folder])
  // Without the mark that some editors put first.
  expect(files.map(({ text }) => text)).toEqual(['description: café\n'])
  expect(await problemsIn(folder)).toEqual([
    'mesh/latin1.yaml: is not UTF-8 text; save it as UTF-8',
    'mesh/utf16.yaml: is not UTF-8 text; save it as UTF-8',
  ])
})

test('what is not there, what holds nothing and what is no file are all told', async () => {
  mkdirSync(path.join(folder, 'empty'))
  mkdirSync(path.join(folder, 'odd.yaml', 'inner'), { recursive: true })
  symlinkSync(path.join(folder, 'odd.yaml'), path.join(folder, 'link.yaml'))
  symlinkSync(path.join(folder, 'gone'), path.join(folder, 'broken.yaml'))
  expect(await problemsIn(path.join(folder, 'nowhere'))).toEqual(['mesh/nowhere: there is no such file or folder'])
  expect(await problemsIn(path.join(folder, 'empty'))).toEqual(['mesh/empty: no .yaml or .yml file in this folder'])
  expect(await problemsIn(folder)).toEqual([
    'mesh/broken.yaml: there is no such file or folder',
    'mesh/link.yaml: is a folder with the name of a file',
  ])
})
