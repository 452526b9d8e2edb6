// What happened, as the sandbox AWS wrote it down: when an event became receivable, when Glue was asked to start a run.
// One clock, the sandbox's, for both. In: its ledger file, read as it grows. Out: instants by event and by cycle.
// Never: asks the sandbox, which would disturb what is measured.
import { closeSync, openSync, readSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

interface Row {
  atMs: number
  kind: string
  service: string
  operation?: string
  outcome?: string
  facts: Record<string, unknown>
}

export interface Witness {
  /** First copy in the domain's queue, by the producer's event id. */
  receivableAtMs: ReadonlyMap<string, number>
  /** The same by SQS message id, whoever sent it. */
  visible: ReadonlyMap<string, number>
  /** Each Glue run that began, by cycle. */
  starts: ReadonlyMap<string, number[]>
  /** Accepted `PutEvents` entries, by the producer's event id. */
  publishedAtMs: ReadonlyMap<string, number>
  /** How often each AWS operation was called, as `sqs.ReceiveMessage`. */
  calls: ReadonlyMap<string, number>
  /** Messages of the domain's queue: came in, were deleted, and when the first (since whoever reads it set it to NaN) and the latest was. */
  queue: { came: number; deleted: number; firstCameAtMs: number; firstDeletedAtMs: number; lastDeletedAtMs: number }
  read(): void
  /** @throws Error after `withinMs`, saying what did not happen. */
  until(isThere: () => boolean, what: () => string, withinMs?: number): Promise<void>
  close(): void
}

const LOOK_MS = 50
const CHUNK = 4 * 1_048_576

export function openWitness(ledgerFile: string, queueArn: string): Witness {
  const lines = followLines(ledgerFile)
  const seen = toSeen()
  const read = (): void => {
    for (const line of lines.next()) take(seen, JSON.parse(line) as Row, queueArn)
  }
  return {
    ...seen,
    read,
    async until(isThere, what, withinMs = 600_000) {
      const giveUpAtMs = performance.now() + withinMs
      for (read(); !isThere(); read()) {
        if (performance.now() > giveUpAtMs) throw new Error(`After ${withinMs / 1_000} s still not: ${what()}`)
        await pause(LOOK_MS)
      }
    },
    close: lines.close,
  }
}

const toSeen = () => ({
  receivableAtMs: new Map<string, number>(),
  starts: new Map<string, number[]>(),
  publishedAtMs: new Map<string, number>(),
  calls: new Map<string, number>(),
  visible: new Map<string, number>(),
  queue: { came: 0, deleted: 0, firstCameAtMs: Number.NaN, firstDeletedAtMs: Number.NaN, lastDeletedAtMs: Number.NaN },
})

type Seen = ReturnType<typeof toSeen>

function take(seen: Seen, row: Row, queueArn: string): void {
  const { facts } = row
  if (row.kind === 'message-visible' && facts['queueArn'] === queueArn) takeMessage(seen, row)
  else if (row.kind === 'event-routed' && facts['targetArn'] === queueArn) takeRouted(seen, facts)
  else if (row.kind === 'run-state' && row.outcome === 'STARTING') {
    const cycle = String(facts['workflowId'])
    seen.starts.set(cycle, [...(seen.starts.get(cycle) ?? []), row.atMs])
  } else if (row.kind === 'call') takeCall(seen, row)
}

function takeMessage({ visible, queue }: Seen, { atMs, facts }: Row): void {
  visible.set(String(facts['messageId']), Number(facts['visibleAtMs']))
  queue.came += 1
  if (Number.isNaN(queue.firstCameAtMs)) queue.firstCameAtMs = atMs
}

function takeRouted({ visible, receivableAtMs }: Seen, facts: Row['facts']): void {
  const [eventId, messageId] = [String(facts['metadataId']), String(facts['messageId'])]
  const atMs = visible.get(messageId)
  if (atMs !== undefined && !receivableAtMs.has(eventId)) receivableAtMs.set(eventId, atMs)
}

function takeCall({ calls, publishedAtMs, queue }: Seen, { atMs, service, operation, facts }: Row): void {
  const name = `${service}.${operation}`
  calls.set(name, (calls.get(name) ?? 0) + 1)
  if (name === 'sqs.DeleteMessageBatch' || name === 'sqs.DeleteMessage') {
    const deleted = (facts['deleted'] as string[] | undefined) ?? []
    queue.deleted += deleted.length
    if (deleted.length > 0) queue.lastDeletedAtMs = atMs
    if (deleted.length > 0 && Number.isNaN(queue.firstDeletedAtMs)) queue.firstDeletedAtMs = atMs
  }
  if (name !== 'events.PutEvents') return
  for (const entry of (facts['entries'] as Record<string, unknown>[] | undefined) ?? [])
    if (!entry['ErrorCode']) publishedAtMs.set(String(entry['metadataId']), atMs)
}

/** Whole lines appended since the last call; the beginning of one stays for the next. */
function followLines(file: string) {
  const descriptor = openSync(file, 'r')
  const chunk = Buffer.alloc(CHUNK)
  let rest = Buffer.alloc(0)
  return {
    *next(): Generator<string> {
      for (let size = readSync(descriptor, chunk); size > 0; size = readSync(descriptor, chunk)) {
        const text = Buffer.concat([rest, chunk.subarray(0, size)])
        const end = text.lastIndexOf(10)
        rest = Buffer.from(text.subarray(end + 1))
        if (end > 0) yield* text.subarray(0, end).toString('utf8').split('\n')
      }
    },
    close: () => closeSync(descriptor),
  }
}
