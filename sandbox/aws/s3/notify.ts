// S3's notifications. In: what happened to an object. Out: one message per rule, each with a ledger row, and an event
// on the default bus where the bucket wants that.
// Never: lets a missing queue or a refusing policy fail the write that it tells of, as on AWS.

import { AwsError, type Surroundings } from '../service.ts'
import { encodeKey, matchRules, type NotificationRule } from './notification-rules.ts'
import { type ObjectEvent, toBusEvent } from './object-event.ts'
import type { S3Request } from './request.ts'
import type { Bucket } from './store.ts'

export interface Notifier {
  announce(request: S3Request, event: ObjectEvent): void
  /** Sends the test event to every destination; refuses the configuration when one does not take it. */
  test(request: S3Request, bucket: Bucket, rules: NotificationRule[]): void
  close(): void
}

export function createNotifier({ clock, faults, ledger, roads }: Surroundings): Notifier {
  const timers = new Set<() => void>()
  const toIso = () => new Date(clock.nowMs()).toISOString()

  function send(bucket: Bucket, queueArn: string, body: unknown, facts: Record<string, unknown>) {
    const principal = {
      kind: 'service' as const,
      id: 's3.amazonaws.com',
      sourceArn: `arn:aws:s3:::${bucket.name}`,
      sourceAccount: bucket.account,
    }
    const outcome = roads.deliverToQueue(queueArn, { body: JSON.stringify(body) }, principal)
    ledger.add({
      kind: 'notification',
      service: 's3',
      account: bucket.account,
      region: bucket.region,
      outcome: outcome.kind === 'ok' ? 'ok' : outcome.code,
      facts: { bucket: bucket.name, queueArn, ...facts, ...outcome },
    })
    return outcome
  }

  function announceTo(rule: NotificationRule, request: S3Request, event: ObjectEvent): void {
    const { bucket, key, name, sequencer, versionId } = event
    const caller = { account: bucket.account, region: bucket.region }
    const input = { Bucket: bucket.name, Key: key, EventName: name, Queue: rule.queueArn }
    const fault = faults.take({ service: 's3', operation: 'Notification', caller, input })
    if (fault?.kind === 'drop-event') return
    const body = { Records: [toRecord(rule, request, event, toIso())] }
    const sendOnce = () => send(bucket, rule.queueArn, body, { eventName: name, key, sequencer, versionId })
    if (fault?.kind === 'delay') {
      const cancel = clock.after(fault.ms, () => {
        timers.delete(cancel)
        sendOnce()
      })
      timers.add(cancel)
      return
    }
    for (let time = 0; time < (fault?.kind === 'duplicate' ? fault.times : 1); time += 1) sendOnce()
  }

  return {
    announce(request, event) {
      for (const rule of matchRules(event.bucket.notifications, event.name, event.key)) announceTo(rule, request, event)
      const { account, region, tellsEventBridge } = event.bucket
      if (tellsEventBridge) roads.putAwsEvent({ account, region }, toBusEvent(request, event))
    },
    test(request, bucket, rules) {
      for (const queueArn of new Set(rules.map((rule) => rule.queueArn))) {
        requireSendable(bucket, queueArn)
        const body = {
          Service: 'Amazon S3',
          Event: 's3:TestEvent',
          Time: toIso(),
          Bucket: bucket.name,
          RequestId: request.requestId,
          HostId: 'sandbox',
        }
        const outcome = send(bucket, queueArn, body, { eventName: 's3:TestEvent' })
        if (outcome.kind !== 'ok') throw refusal(queueArn, outcome.message)
      }
    },
    close() {
      for (const cancel of timers) cancel()
    },
  }
}

function requireSendable(bucket: Bucket, queueArn: string): void {
  const [, , service, region] = queueArn.split(':')
  if (service !== 'sqs') throw refusal(queueArn, 'it is not the ARN of an SQS queue')
  if (queueArn.endsWith('.fifo')) throw refusal(queueArn, 'S3 cannot notify FIFO queues')
  if (region !== bucket.region) throw refusal(queueArn, `it is not in the bucket's region ${bucket.region}`)
}

/** AWS's own message; what it leaves out, the queue and the reason, stands in the fields and in the ledger. */
function refusal(queueArn: string, reason: string): AwsError {
  const message = 'Unable to validate the following destination configurations'
  return new AwsError('InvalidArgument', message, 400, { ArgumentName: queueArn, ArgumentValue: reason })
}

function toRecord(rule: NotificationRule, request: S3Request, event: ObjectEvent, eventTime: string) {
  const { bucket } = event
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: bucket.region,
    eventTime,
    eventName: event.name.slice('s3:'.length),
    userIdentity: { principalId: `AWS:${request.caller.account}` },
    requestParameters: { sourceIPAddress: request.sourceIp },
    responseElements: { 'x-amz-request-id': request.requestId, 'x-amz-id-2': 'sandbox' },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: rule.id,
      bucket: {
        name: bucket.name,
        ownerIdentity: { principalId: bucket.account },
        arn: `arn:aws:s3:::${bucket.name}`,
      },
      object: {
        key: encodeKey(event.key),
        size: event.size,
        eTag: event.etag,
        versionId: event.versionId,
        sequencer: event.sequencer,
      },
    },
  }
}
