// PutEvents and TestEventPattern. In: one to ten entries. Out: per entry an id or an error, and accepted events on their buses.
// Never: refuses the whole call for one entry; AWS documents every entry error, AccessDeniedException too, as the entry's.

import type { OrganizationOf } from '../caller.ts'
import { type Input, readRecords, readText, requireField } from '../input.ts'
import { AwsError, type Call, type Caller, type Surroundings } from '../service.ts'
import { type Buses, readBusArn, toBusArn, validation } from './bus.ts'
import { judgePut } from './bus-policy.ts'
import { type EventEnvelope, eventFacts, parseEntry, sizeOfEntry } from './envelope.ts'
import type { Routing } from './routing.ts'
import { requirePattern } from './rule-operations.ts'

/** All entries of a call together. */
const callLimitBytes = 1_048_576

interface PutParts extends Pick<Surroundings, 'clock'> {
  buses: Buses
  organizationOf: OrganizationOf
  routing: Routing
}

interface EntryResult {
  wire: { EventId?: string; ErrorCode?: string; ErrorMessage?: string }
  facts: Record<string, unknown>
}

export const createPutting = (parts: PutParts) => ({
  PutEvents(input: Input, caller: Caller, call: Call) {
    const entries = requireField(readRecords(input, 'Entries'), 'entries')
    if (entries.length < 1 || entries.length > 10) {
      const reason = 'failed to satisfy constraint: Member must have length between 1 and 10'
      throw validation(`1 validation error detected: Value at 'entries' with ${entries.length} members ${reason}`)
    }
    const size = entries.reduce((sum, entry) => sum + sizeOfEntry(entry), 0)
    if (size > callLimitBytes) {
      throw validation(
        `Total size of the entries in the request is over the limit: ${size} bytes, at most ${callLimitBytes}.`,
      )
    }
    const results = entries.map((entry, index) => putEntry(parts, entry, index, caller, call))
    call.facts['entries'] = results.map(({ facts }) => facts)
    const failed = results.filter(({ wire }) => wire.ErrorCode !== undefined)
    return { FailedEntryCount: failed.length, Entries: results.map(({ wire }) => wire) }
  },

  TestEventPattern(input: Input) {
    const { isMatch } = requirePattern(requireField(readText(input, 'EventPattern'), 'eventPattern'))
    return { Result: isMatch(parseEvent(requireField(readText(input, 'Event'), 'event'))) }
  },
})

function putEntry(parts: PutParts, entry: Input, index: number, caller: Caller, call: Call): EntryResult {
  try {
    if (call.fault?.kind === 'fail-entry' && call.fault.index === index) {
      throw new AwsError(call.fault.code, `Fault switch: ${call.fault.code}`)
    }
    const event = parseEntry(entry, caller, parts.clock.nowMs())
    const busArn = toBusArn(readText(entry, 'EventBusName') ?? 'default', caller)
    putOnBus(parts, busArn, event, caller, call)
    return { wire: { EventId: event.id }, facts: { busArn, ...eventFacts(event) } }
  } catch (cause) {
    if (!(cause instanceof AwsError) || cause.code === 'SerializationException') throw cause
    const wire = { ErrorCode: cause.code, ErrorMessage: cause.message }
    return {
      wire,
      facts: { bus: entry['EventBusName'], source: entry['Source'], detailType: entry['DetailType'], ...wire },
    }
  }
}

function putOnBus(parts: PutParts, busArn: string, event: EventEnvelope, caller: Caller, call: Call): void {
  const owner = readBusArn(busArn)
  if (owner === undefined) throw new AwsError('InvalidArgument', `EventBusName ${busArn} is not a bus name or ARN.`)
  const bus = parts.buses.byArn(busArn)
  if (bus === undefined && owner.account === caller.account) {
    // AWS gives an id for a bus that does not exist and loses the event (aws/aws-sdk#186).
    return parts.routing.drop(caller, event, { busArn, reason: 'the bus does not exist' })
  }
  const organization = parts.organizationOf(caller.account)
  const verdict = bus && judgePut(bus, { account: caller.account, event, organization })
  if (bus === undefined || verdict !== 'allowed') throw accessDenied(caller, busArn, verdict === 'denied')
  parts.routing.accept(bus, event, call.fault)
}

function accessDenied({ account }: Caller, busArn: string, isExplicit: boolean): AwsError {
  const why = isExplicit
    ? 'with an explicit deny in a resource-based policy'
    : 'because no resource-based policy allows the events:PutEvents action'
  return new AwsError(
    'AccessDeniedException',
    `User: arn:aws:iam::${account}:root is not authorized to perform: events:PutEvents on resource: ${busArn} ${why}`,
  )
}

function parseEvent(text: string): Input {
  let event: unknown
  try {
    event = JSON.parse(text)
  } catch {
    throw validation('Parameter Event is not valid. Reason: it is not JSON.')
  }
  const compulsory = ['id', 'account', 'source', 'time', 'region', 'resources', 'detail-type']
  const missing = compulsory.filter(
    (name) => typeof event !== 'object' || event === null || !Object.hasOwn(event, name),
  )
  if (missing.length > 0) throw validation(`Parameter Event is not valid. Reason: it lacks ${missing.join(', ')}.`)
  return event as Input
}
