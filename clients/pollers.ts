// Who polls a task queue really. In: the pollers that Temporal remembers, for five minutes, also of killed workers.
// Out: those that are alive. Pure.

export interface Poller {
  /** `<pid>@<host>` unless a worker says otherwise. */
  identity: string
  buildId: string
  lastPollMs: number
}

export interface Here {
  host: string
  isRunning(pid: number): boolean
}

/** A long poll lasts a minute; who has not come back for two is gone. */
const SILENCE_MS = 120_000

/** Of a worker on this machine we know at once whether it runs. */
export function livePollers(pollers: Poller[], here: Here, nowMs: number): Poller[] {
  return pollers.filter(({ identity, lastPollMs }) => {
    const [, pid, host] = /^(\d+)@(.+)$/.exec(identity) ?? []
    if (pid !== undefined && host === here.host) return here.isRunning(Number(pid))
    return nowMs - lastPollMs < SILENCE_MS
  })
}
