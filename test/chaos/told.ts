// What a person is told of an outage while it lasts. In: a stage. Out: what doctor finds, what the roles' logs say.
// Never: evidence of what became of a cycle; that is the oracle's.
import type { Finding } from '../../cli/doctor.ts'
import { run } from '../end-to-end/cli-process.ts'
import type { ChaosDomain } from './mesh.ts'
import type { Stage } from './stage.ts'

/** `sluice doctor <domain>`, as a process of its own. */
export async function askDoctor(stage: Stage, check: string, domain: ChaosDomain = 'd1'): Promise<Finding | undefined> {
  const { out, err } = await run(['doctor', domain, '-o', 'json'], stage.folder, stage.environmentOf(domain))
  if (!out.startsWith('[')) throw new Error(`doctor said nothing that can be read: ${out}${err}`)
  return (JSON.parse(out) as Finding[]).find((finding) => finding.check === check)
}

export interface LogLine {
  level: number
  msg: string
  away?: string
  error?: string
  catchesUp?: string
  since?: string
  lastedMs?: number
}

/** The lines of the bridge's log that say so, since its start. */
export const bridgeLines = (stage: Stage, domain: ChaosDomain, msg: string): LogLine[] =>
  stage
    .roleOf('bridge', domain)
    .lastLines(Number.POSITIVE_INFINITY)
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(`"msg":"${msg}"`))
    .map((line) => JSON.parse(line) as LogLine)

/** What the bridge of d1 says of an outage when it begins. */
export const tellings = (stage: Stage): LogLine[] => bridgeLines(stage, 'd1', 'Messages stay in the queue')

/** How often the worker's log says at error level that a step of the cycle needs a person. */
export const countAlarms = (stage: Stage, domain: ChaosDomain, cycle: string): number =>
  stage
    .roleOf('worker', domain)
    .lastLines(Number.POSITIVE_INFINITY)
    .split(/^(?=\d{4}-\d\d-\d\dT\S+ \[)/m)
    .filter((entry) => /^\S+ \[ERROR\] A step of a cycle needs a person/.test(entry) && entry.includes(`'${cycle}'`))
    .length

/** The instant in a sentence. */
export const instantIn = (sentence?: string | null): number =>
  Date.parse(/\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(sentence ?? '')?.[0] ?? '')
