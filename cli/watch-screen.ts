// What a watched list puts on a terminal. In: its text, the size of the window. Out: what is written, in one go. Pure.
// Never: a cleared screen, which flickers; a line that wraps, which would move those below it.

const [HOME, REST_OF_LINE, REST_OF_SCREEN] = ['\u001b[H', '\u001b[K', '\u001b[J']
const [NO_WRAP, WRAP, CLEAR] = ['\u001b[?7l', '\u001b[?7h', '\u001b[2J']

/** Each line over the one that was there; what does not fit is counted. The first time what the shell left is cleared. */
export function toFrame(text: string, footer: string, { rows, isFirst }: { rows: number; isFirst: boolean }): string {
  const lines = text.split('\n')
  const room = Math.max(rows - 2, 1)
  const shown =
    lines.length <= room ? lines : [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} lines more`]
  const painted = [...shown, footer].map((line) => line + REST_OF_LINE).join('\n')
  return `${isFirst ? CLEAR : ''}${HOME}${NO_WRAP}${painted}${REST_OF_SCREEN}${WRAP}`
}
