// In: the pid of a child. Out: a tiny shell that ends that child when this process ends, even by kill -9.
// Never: ends a child whose parent lives, or a pid that is no longer the child's.
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'

// Linux could let the kernel do it (a parent-death signal), macOS could not; a pipe whose other end closes works on both.
// `read` ends without a line when the parent is gone; with one, the child has ended and its number may be somebody else's.
const SCRIPT = `
if read -r released; then exit 0; fi
kill -"$2" "$1" 2>/dev/null || exit 0
tries=0
while [ "$tries" -lt "$3" ]; do
  sleep 0.1
  kill -0 "$1" 2>/dev/null || exit 0
  tries=$((tries + 1))
done
kill -KILL "-$1" 2>/dev/null || kill -KILL "$1" 2>/dev/null
`

/** Returns what to call once the child has ended. */
export function guard(pid: number, stopSignal: 'SIGTERM' | 'SIGINT', graceMs: number): () => void {
  const args = ['-c', SCRIPT, 'sluice-guardian', String(pid), stopSignal.slice(3), String(Math.ceil(graceMs / 100))]
  const shell = spawn('/bin/sh', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  // A missing /bin/sh, or a guardian ended by hand, must not take the stack with it.
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  shell.unref()
  const pipe = shell.stdin as unknown as Socket
  pipe.unref()
  return () => pipe.end('released\n')
}
