// Operators' commands on a stack of `sluice dev`. In: the stack, an action and what it is asked of. Out: expectations of a dry run,
// of what is done, of a refusal; each held against the audit. Never: a dry run that may change anything.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import { type AuditedRow, listAudited } from '../../mirror/audit.ts'
import { type CycleRow, listCycles } from '../../mirror/status.ts'
import type { CycleId } from '../../model/ids.ts'
import { type Ended, eventually } from './cli-process.ts'
import type { DevStack } from './dev-stack.ts'

export const NOT_ALLOWED = 4

interface Given {
  /** What of the row of the audit is worth a look. */
  audited?: object
  /** What the dry run says. */
  says?: RegExp
}

export interface Acting {
  /** Of the mesh; takes effect with the next `apply`. */
  edit(product: string, change: (text: string) => string): void
  apply(): Promise<void>
  open(...cycles: string[]): Promise<void>
  rowOf(cycle: string): Promise<Partial<CycleRow> | undefined>
  /** What no dry run may change: how it stands, and what was asked of it. */
  standingOf(what: string): Promise<unknown>
  /** Of what somebody asked, newest first. */
  auditOf(what: string): Promise<AuditedRow[]>
  /** Tried: nothing changes. Done: it is what the audit's newest row tells, with who, why, before and after. */
  give(what: string, args: string[], given?: Given): Promise<Record<string, unknown>>
  /** Refused with exit code 4, in words, and audited; a dry run says the same and leaves no trace. */
  refuse(what: string, args: string[], why: RegExp): Promise<void>
  /** The next Glue run of the cycle takes these states instead of running; each after so many milliseconds. */
  playRun(cycle: string, ...states: [state: string, afterMs: number][]): Promise<void>
  /** A fault switch of the sandbox. */
  setFault(rule: object): Promise<void>
}

export const SUCCEEDS: [string, number][] = [
  ['RUNNING', 0],
  ['SUCCEEDED', 200],
]
export const GOES_ON: [string, number][] = [
  ['RUNNING', 0],
  ['SUCCEEDED', 600_000],
]

/** For `untilCycle`. */
export const isIn =
  (state: string, change: Partial<CycleRow> & { runNumber?: number } = {}) =>
  (row: CycleRow): boolean =>
    row.state === state && Object.entries(change).every(([name, value]) => row[name as keyof CycleRow] === value)

export function actOn(stack: DevStack): Acting {
  let asked = 0
  const rowOf = async (cycle: string): Promise<Partial<CycleRow> | undefined> =>
    (await listCycles(stack.db, { limit: 1_000 })).find((row) => row.cycle === cycle)
  const auditOf = (what: string): Promise<AuditedRow[]> =>
    listAudited(stack.db, { cycle: what as CycleId, refused: false, limit: 100 })
  // What it hears meanwhile, such as of an upstream that nobody has opened, is written, too.
  const standingOf = async (what: string): Promise<unknown> => {
    const { state, step, reason, revision, lastAttempt, held, definitionVersion } = (await rowOf(what)) ?? {}
    return { state, step, reason, revision, lastAttempt, held, definitionVersion, audit: await auditOf(what) }
  }
  const setFault = async (rule: object): Promise<void> => {
    const endpoint = stack.record.addresses['awsEndpoint'] ?? ''
    const answer = await fetch(`${endpoint}/_sandbox/faults`, { method: 'POST', body: JSON.stringify(rule) })
    expect(answer.ok, await answer.text()).toBe(true)
  }
  const toCommand = (what: string, [action = '', ...args]: string[]): string[] => {
    asked += 1
    return [action, what, ...args, '--reason', `reason ${asked}`, '--actor', `operator ${asked}`]
  }
  return {
    ...{ rowOf, auditOf, standingOf, setFault },
    edit(product, change) {
      const file = path.join(stack.folder, 'my-mesh', 'mesh', 'shop', `${product}.yaml`)
      writeFileSync(file, change(readFileSync(file, 'utf8')))
    },
    apply: async () => expectEnd(await stack.sluice('apply', 'my-mesh/mesh', '--reason', 'as the tests need it')),
    async open(...cycles) {
      for (const cycle of cycles) expectEnd(await stack.sluice('open', cycle))
    },
    async give(what, args, { audited = {}, says } = {}) {
      const [action = ''] = args
      const command = toCommand(what, args)
      const before = await standingOf(what)
      const dry = await stack.sluice(...command, '--dry-run')
      expect(dry, dry.err).toMatchObject({
        code: 0,
        err: expect.stringContaining('Nothing was done: it was a dry run.'),
      })
      if (says) expect(dry.out).toMatch(says)
      expect(await standingOf(what)).toEqual(before)
      const done = await stack.sluice(...command, '-o', 'json')
      expect(done, done.err).toMatchObject({ code: 0, err: '' })
      const entry = await eventually(async () => {
        const [newest] = await auditOf(what)
        return newest && newest.actor === `operator ${asked}` ? newest : undefined
      })
      const as = { subject: what, action, outcome: 'accepted', reason: `reason ${asked}`, refusedBecause: null }
      expect(entry).toMatchObject({ ...as, before: expect.any(Object), after: expect.any(Object), ...audited })
      return JSON.parse(done.out)
    },
    async refuse(what, args, why) {
      const command = toCommand(what, args)
      const before = await standingOf(what)
      const dry = await stack.sluice(...command, '--dry-run')
      expect([dry.code, dry.out, dry.err]).toEqual([NOT_ALLOWED, '', expect.stringMatching(why)])
      expect(await standingOf(what)).toEqual(before)
      const done = await stack.sluice(...command)
      expect([done.code, done.out, done.err]).toEqual([NOT_ALLOWED, '', expect.stringMatching(why)])
      const as = { action: args[0], outcome: 'refused', reason: `reason ${asked}`, after: null }
      expect((await auditOf(what)).filter(({ actor }) => actor === `operator ${asked}`)).toMatchObject([
        { ...as, refusedBecause: expect.stringMatching(why) },
      ])
    },
    async playRun(cycle, ...states) {
      await setFault({
        ...{ service: 'glue', operation: 'StartJobRun', times: 1, where: { 'Arguments.--sluice_workflow_id': cycle } },
        action: { kind: 'run-timeline', states: states.map(([state, afterMs]) => ({ state, afterMs })) },
      })
    },
  }
}

export const expectEnd = ({ code, out, err }: Ended): void => expect(code, out + err).toBe(0)
