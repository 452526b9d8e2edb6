// Buses themselves. In: create, describe, change, delete. Out: the account's buses.
// Never: deletes the default bus, or one with rules.

import { type Input, readText, refuseFields, requireField } from '../input.ts'
import { AwsError, type Caller, type Surroundings } from '../service.ts'
import { type Bus, type Buses, createBus, toBusArn, validation } from './bus.ts'
import { paginate } from './rule-operations.ts'
import { readTags } from './tag-operations.ts'

const unknownSettings = ['KmsKeyIdentifier', 'DeadLetterConfig', 'LogConfig']

export const createBusOperations = ({ clock }: Pick<Surroundings, 'clock'>, buses: Buses) => ({
  CreateEventBus(input: Input, caller: Caller) {
    refuseFields(input, 'CreateEventBus', ['EventSourceName', ...unknownSettings])
    const name = requireField(readText(input, 'Name'), 'name')
    if (!/^[.\-_A-Za-z0-9]{1,256}$/.test(name))
      throw validation(`Value '${name}' at 'name' must match [.\\-_A-Za-z0-9]+`)
    if (buses.byArn(toBusArn(name, caller))) {
      throw new AwsError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`)
    }
    const bus = createBus(name, caller, clock.nowMs())
    bus.description = readText(input, 'Description')
    bus.tags = readTags(input) ?? new Map()
    buses.add(bus)
    return { EventBusArn: bus.arn, Description: bus.description }
  },

  DescribeEventBus(input: Input, caller: Caller) {
    return toWire(buses.require(readText(input, 'Name'), caller))
  },

  UpdateEventBus(input: Input, caller: Caller) {
    refuseFields(input, 'UpdateEventBus', unknownSettings)
    const bus = buses.require(readText(input, 'Name'), caller)
    bus.description = readText(input, 'Description')
    bus.changedAtMs = clock.nowMs()
    return { Arn: bus.arn, Name: bus.name, Description: bus.description }
  },

  DeleteEventBus(input: Input, caller: Caller) {
    const name = requireField(readText(input, 'Name'), 'name')
    if (name === 'default') throw validation('Cannot delete event bus default.')
    const bus = buses.byArn(toBusArn(name, caller))
    if (bus && bus.rules.size > 0) throw validation(`Event bus ${name} cannot be deleted while it has rules.`)
    // AWS answers the same for a bus that is not there.
    if (bus && bus.account === caller.account) buses.remove(bus)
  },

  ListEventBuses(input: Input, caller: Caller) {
    buses.require('default', caller)
    const prefix = readText(input, 'NamePrefix') ?? ''
    const isOwn = (bus: Bus) => bus.account === caller.account && bus.region === caller.region
    const { page, NextToken } = paginate(
      buses.all().filter((bus) => isOwn(bus) && bus.name.startsWith(prefix)),
      input,
    )
    return { EventBuses: page.map(toWire), NextToken }
  },
})

function toWire(bus: Bus) {
  return {
    Name: bus.name,
    Arn: bus.arn,
    Description: bus.description,
    Policy: bus.policy && JSON.stringify(bus.policy),
    CreationTime: bus.createdAtMs / 1000,
    LastModifiedTime: bus.changedAtMs / 1000,
  }
}
