// The recorded histories: where they are, and what the files hold as far as tests ask.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const HISTORIES = fileURLToPath(new URL('histories', import.meta.url))

export interface RecordedEvent {
  eventId: string
  eventType: string
  activityTaskScheduledEventAttributes?: { activityType: { name: string }; activityId: string }
  timerStartedEventAttributes?: { startToFireTimeout: string }
}

export interface RecordedHistory {
  events: RecordedEvent[]
}

export const listHistories = (): string[] =>
  readdirSync(HISTORIES)
    .map((file) => file.replace(/\.json$/, ''))
    .sort()

export const readHistoryText = (name: string): string => readFileSync(path.join(HISTORIES, `${name}.json`), 'utf8')

/** As the Temporal CLI and UI export it, too. */
export const readHistory = (name: string): RecordedHistory => JSON.parse(readHistoryText(name)) as RecordedHistory
