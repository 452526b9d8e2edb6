// What runs print. In: a child's output streams. Out: its log, and the lines that say why it failed.
// Never: grows without bound: of each run the last 256 KiB are kept.

import type { ChildProcess } from 'node:child_process'

export interface Logs {
  keep(runId: string, child: ChildProcess): void
  /** stdout and stderr as they came, or undefined for a run that never ran. */
  read(runId: string): string | undefined
  /** The last lines of stderr without stack frames, or undefined when it is empty. */
  lastErrors(runId: string): string | undefined
}

const maxCharacters = 256 * 1024
const errorLines = 4
const maxErrorCharacters = 2000

export function createLogs(): Logs {
  const logs = new Map<string, { all: string; errors: string }>()
  return {
    keep(runId, child) {
      const log = { all: '', errors: '' }
      logs.set(runId, log)
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        log.all = (log.all + text).slice(-maxCharacters)
      })
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        log.all = (log.all + text).slice(-maxCharacters)
        log.errors = (log.errors + text).slice(-maxErrorCharacters * 4)
      })
    },
    read: (runId) => logs.get(runId)?.all,
    lastErrors(runId) {
      const lines = (logs.get(runId)?.errors ?? '').split('\n').filter(isTelling)
      return lines.length > 0 ? lines.slice(-errorLines).join('\n').slice(-maxErrorCharacters) : undefined
    },
  }
}

const isTelling = (line: string) => line.trim() !== '' && !/^\s+at |^Node\.js v/.test(line)
