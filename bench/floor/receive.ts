// Entry: takes messages out of a queue and does nothing with them, `node bench/floor/receive.ts <queue URL> <count>`.
// As many loops and the same batches as the bridge. Prints when it is ready, and when it had them all.
import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'

const [QueueUrl = '', wanted = '0'] = process.argv.slice(2)
const LOOPS = 4
const sqs = new SQSClient({})
let received = 0

async function loop(): Promise<void> {
  while (received < Number(wanted)) {
    const request = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 2, VisibilityTimeout: 60 }
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(request))
    if (Messages.length === 0) continue
    received += Messages.length
    const Entries = Messages.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }))
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))
  }
}

process.stdout.write('{"ready":"receive"}\n')
await Promise.all(Array.from({ length: LOOPS }, loop))
process.stdout.write(`{"done":${received}}\n`)
sqs.destroy()
