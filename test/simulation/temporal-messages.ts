// The signals and updates of one run. In: messages, and the handlers that the workflow registers. Out: each handled once,
// in the order in which they came; an update also answered. Never: an update id handled twice (the server knows them).
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'

export type Message =
  | { kind: 'signal'; name: string; payload: unknown }
  | { kind: 'update'; name: string; payload: unknown; answer: Answer }

export interface Answer {
  resolve(result: unknown): void
  reject(error: Error): void
}

export type Handler = (payload: unknown) => unknown

export interface MessageHandler {
  run: Handler
  /** Of an update: throws what refuses it. */
  validator?: Handler | undefined
}

export interface Messages {
  add(message: Message): void
  /** Whether one waits that the workflow can handle. */
  areDue(): boolean
  handle(): void
  register(kind: Message['kind'], name: string, handler: MessageHandler): void
  /** The run is over. */
  refuseAll(): void
}

export function createMessages(accepted: (name: string, payload: unknown) => void): Messages {
  const handlers = new Map<string, MessageHandler>()
  let held: Message[] = []
  const handlerOf = ({ kind, name }: Message): MessageHandler | undefined => handlers.get(`${kind} ${name}`)
  const messages: Messages = {
    add: (message) => void held.push(message),
    areDue: () => held.some((message) => handlerOf(message) !== undefined),
    handle() {
      const due = held
      held = []
      for (const message of due) {
        const handler = handlerOf(message)
        if (!handler) held.push(message)
        else if (message.kind === 'signal') handler.run(message.payload)
        else answer(message, handler, accepted)
      }
    },
    register(kind, name, handler) {
      handlers.set(`${kind} ${name}`, handler)
      messages.handle()
    },
    refuseAll() {
      for (const message of held)
        if (message.kind === 'update')
          message.answer.reject(new WorkflowNotFoundError('workflow completed', '', undefined))
      held = []
    },
  }
  return messages
}

/** The workflows' own handlers are synchronous: an update is answered in the turn that takes it. */
function answer(
  { name, payload, answer }: Extract<Message, { kind: 'update' }>,
  { run, validator }: MessageHandler,
  accepted: (name: string, payload: unknown) => void,
): void {
  try {
    validator?.(payload)
    accepted(name, payload)
    answer.resolve(run(payload))
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error
    answer.reject(new WorkflowUpdateFailedError('Workflow Update failed', error))
  }
}
