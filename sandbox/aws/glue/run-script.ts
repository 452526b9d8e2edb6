// Executes a .ts job. In: argv as Glue gives it: the script's s3:// address, then `--name value` pairs.
// Out: whatever the script does. The script's argv is [node, script, ...pairs]; npm packages resolve as in the
// repository, by a link to its node_modules, since the script lies in a temporary folder.

import { symlink, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openJobFiles, parseAddress } from './job-files.ts'
import { runAsChild } from './runner.ts'

await runAsChild(async () => {
  const [address = '', ...pairs] = process.argv.slice(2)
  const folder = process.cwd()
  const script = join(folder, basename(parseAddress(address).key))
  const packages = resolve(import.meta.dirname, '../../../node_modules')
  await Promise.all([
    openJobFiles().download(address, script),
    writeFile(join(folder, 'package.json'), '{ "type": "module" }\n'),
    symlink(packages, join(folder, 'node_modules'), 'junction'),
  ])
  process.argv = [process.execPath, script, ...pairs]
  await import(pathToFileURL(script).href)
})
