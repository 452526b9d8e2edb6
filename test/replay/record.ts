// Entry: records the histories anew, `node test/replay/record.ts [branch …]`; all of them unless some are named.
// Do it only when old runs need not be replayed any more: a history that no longer replays is what the test is for.
// Never: a word of the machine that recorded in a file.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { openGround } from '../workflows/ground.ts'
import { openStage, type Stage } from '../workflows/stage.ts'
import { BRANCHES, OF_OLDER_CODE } from './branches.ts'
import { HISTORIES } from './histories.ts'

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in BRANCHES))
if (unknown.length > 0) throw new Error(`There is no branch ${unknown.join(', ')}: see test/replay/branches.ts`)

const { ground, close } = await openGround()
try {
  const stage = await openStage(ground, 'd1')
  await recordAll(stage).finally(() => stage.close())
} finally {
  await close()
}

async function recordAll(stage: Stage): Promise<void> {
  mkdirSync(HISTORIES, { recursive: true })
  for (const file of readdirSync(HISTORIES)) {
    const name = file.replace(/\.json$/, '')
    if (!(name in BRANCHES) && !OF_OLDER_CODE.includes(name)) rmSync(path.join(HISTORIES, file))
  }
  for (const [name, play] of Object.entries(BRANCHES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const workflowId = await play(stage, name)
    const history = await stage.client.workflow.getHandle(workflowId).fetchHistory()
    const { events } = JSON.parse(historyToJSON(history), withoutPaths) as { events: unknown[] }
    // An event a line: small, and a difference can be read.
    const lines = events.map((event) => JSON.stringify(event)).join(',\n')
    writeFileSync(path.join(HISTORIES, `${name}.json`), `{"events":[\n${lines}\n]}\n`)
    console.log(`${name}: ${events.length} events`)
  }
}

/** Stack traces hold paths, and replay does not ask for them. */
function withoutPaths(key: string, value: unknown): unknown {
  return key === 'stackTrace' ? undefined : value
}
