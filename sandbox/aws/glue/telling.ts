// The events that Glue puts on the default bus of the run's account. In: a run that ended, or is late. Out: its event,
// unless a fault switch loses, delays or doubles it. Never: an event for an end that Glue keeps to itself.

import type { Surroundings } from '../service.ts'
import type { Run } from './run.ts'
import { toStateChange, toStatusNotice, tokenFacts } from './states.ts'

export interface Telling {
  end(run: Run): void
  late(run: Run): void
  /** Delayed events are lost. */
  close(): void
}

export function createTelling({ clock, faults, ledger, roads }: Surroundings): Telling {
  const eventTimers = new Set<() => void>()

  function putEvent(run: Run, operation: string, detailType: string, detail: Record<string, unknown>): void {
    const input = { ...detail, JobName: run.jobName, JobRunId: run.id, ...tokenFacts(run) }
    const fault = faults.take({ service: 'glue', operation, caller: run.caller, input })
    const put = () => roads.putAwsEvent(run.caller, { source: 'aws.glue', detailType, detail })
    if (fault?.kind === 'drop-event') {
      ledger.add({ kind: 'event-dropped', service: 'glue', ...run.caller, outcome: 'fault', facts: input })
    } else if (fault?.kind === 'delay') {
      const cancel = clock.after(fault.ms, () => {
        eventTimers.delete(cancel)
        put()
      })
      eventTimers.add(cancel)
    } else for (let time = 0; time < (fault?.kind === 'duplicate' ? fault.times : 1); time += 1) put()
  }

  return {
    end(run) {
      const detail = toStateChange(run)
      if (detail !== undefined) putEvent(run, 'StateChangeEvent', 'Glue Job State Change', { ...detail })
    },
    late(run) {
      const detail = toStatusNotice(run)
      if (detail !== undefined) putEvent(run, 'RunStatusEvent', 'Glue Job Run Status', { ...detail })
    },
    close() {
      for (const cancel of eventTimers) cancel()
    },
  }
}
