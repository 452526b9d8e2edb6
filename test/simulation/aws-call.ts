// How a simulated AWS service is called: by the SDK's own command objects. Out: an object that stands for any SDK client.
import type { EdgeTrouble, Hostility, Life } from './hostility.ts'

export interface AwsCommand {
  input: unknown
  constructor: { name: string }
}

export type Operations = Record<string, (input: never) => unknown>

export const awsError = (name: string, message = name): Error => Object.assign(new Error(message), { name })

/** Of the errors of a service that did nothing, one by dice; while it forbids, that one. */
export const createAwsClient = <Client>(
  hostility: Hostility,
  life: Life,
  service: string,
  operations: Operations,
): Client => {
  const trouble: EdgeTrouble = {
    refuse() {
      const isForbidden = hostility.forbidding.has(service) && hostility.isAway(service)
      if (isForbidden) return awsError('AccessDeniedException', 'the role may not')
      return awsError(hostility.random.pick(['ThrottlingException', 'InternalServerException', 'TimeoutError']))
    },
    lose: () => awsError('TimeoutError', 'socket hang up'),
  }
  const send = (command: AwsCommand): Promise<unknown> => {
    const name = command.constructor.name.replace(/Command$/, '')
    const operation = operations[name]
    if (!operation) throw new Error(`${service} has no ${name} in this ring.`)
    return hostility.call(life, service, name, trouble, () => operation(command.input as never))
  }
  return { send } as Client
}
