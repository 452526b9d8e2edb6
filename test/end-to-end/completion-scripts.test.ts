// The bash script in a real bash; zsh and fish are not everywhere, so of theirs only the text is looked at.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { quote } from '../../cli/command-name.ts'
import { SHELLS, toScript } from '../../cli/completion-scripts.ts'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const PROGRAM = `${quote(process.execPath)} ${quote(MAIN)}`
/** No local stack runs from there. */
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-completion-'))
afterAll(() => rmSync(folder, { recursive: true }))

function bash(script: string, ...args: string[]): string {
  const env = { PATH: process.env['PATH'], NO_COLOR: '1' }
  return execFileSync('bash', ['--noprofile', '--norc', ...args], { input: script, cwd: folder, env }).toString()
}

/** What bash would offer for these words, the last of which is being typed. */
function offered(...words: string[]): string[] {
  const list = ['sluice', ...words].map((word) => `'${word}'`).join(' ')
  const said = bash(`${toScript('bash', PROGRAM)}
    COMP_WORDS=(${list}); COMP_CWORD=${words.length}
    $(complete -p sluice | sed 's/.*-F \\([^ ]*\\) .*/\\1/') sluice
    printf '%s\\n' "\${COMPREPLY[@]}"`)
  return said.split('\n').filter((line) => line !== '')
}

test('bash accepts the script, and may load it twice', () => {
  const script = toScript('bash', PROGRAM)
  expect(bash(script, '-n')).toBe('')
  expect(bash(`set -eu\n${script}\n${script}\ncomplete -p sluice`)).toBe('complete -F _sluice_complete sluice\n')
})

test('bash offers commands, options and their values', () => {
  expect(offered('stat')).toEqual(['status'])
  expect(offered('status', '--st')).toEqual(['--state', '--stack'])
  expect(offered('status', '--state', '=', 'ER')).toEqual(['ERROR'])
  expect(offered('events', 'un')).toEqual(['unmatched'])
})

test('where there is no mirror, no name is offered and nothing is said', () => {
  expect(offered('explain', '')).toEqual([])
})

test('what was typed is not run by the Tab key', () => {
  const trap = path.join(folder, 'trap')
  expect(offered('rerun', `$(touch ${trap})`, `;touch ${trap};`, '--rea')).toEqual(['--reason'])
  expect(bash(`ls -A ${quote(folder)}`)).toBe('')
})

test.each(SHELLS)('the script for %s calls the program it was given, and says how it is loaded', (shell) => {
  const script = toScript(shell, 'node /a/sluice.mjs')
  expect(script).toContain('node /a/sluice.mjs complete -- ')
  expect(script).toContain(`sluice completion ${shell}`)
})
