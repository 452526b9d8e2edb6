// How starting the local stack is shown. In: named steps, some at once. Out: a line when each says something or ends.
// Never: a line that is overwritten; the same text serves a terminal, a pipe and a CI log.
import pc from 'picocolors'

/** Runs a step; `say` tells what it is at, where that takes long. */
export type Show = <T>(title: string, step: (say: (line: string) => void) => Promise<T>) => Promise<T>

export const silently: Show = (_title, step) => step(() => undefined)

/** Writes to `out`, one line at a time. */
export const showOn =
  (out: NodeJS.WritableStream): Show =>
  async (title, step) => {
    const startedMs = performance.now()
    const said = await step((line) => void out.write(`  ${pc.dim(`${title}: ${line}`)}\n`))
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
    out.write(`${pc.green('✔')} ${title}${typeof said === 'string' ? `: ${said}` : ''} ${pc.dim(`(${seconds} s)`)}\n`)
    return said
  }
