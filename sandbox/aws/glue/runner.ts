// What each runner does around its job. In: the job. Out: exit code 0, or 1 and on stderr the stack, then one line
// with the reason, which becomes the run's ErrorMessage. Never: outlives the sandbox, even one that was killed.

/** Runs the job in this process and exits by its outcome. */
export async function runAsChild(job: () => Promise<void>): Promise<void> {
  process.once('disconnect', () => process.exit(1))
  // The channel is there to see the sandbox go; it shall not keep a finished job from ending.
  process.channel?.unref()
  process.on('uncaughtException', fail)
  try {
    await job()
  } catch (error) {
    fail(error)
  }
}

function fail(error: unknown): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
  const frames = (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const reason = name === 'Error' ? message : `${name}: ${message}`
  process.stderr.write(`${frames.join('\n')}\n${reason}\n`, () => process.exit(1))
}
