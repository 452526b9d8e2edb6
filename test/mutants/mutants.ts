// The defects that the tests must see: each is a few edits to the product, and the tests that have to turn red.
// The list is that of the fences the product stands on: one fence removed is one mutant.

export interface Mutant {
  name: string
  /** What would go wrong in production with it. */
  harm: string
  edits: Edit[]
  /** vitest project and files; every file runs, the first red one is enough. */
  suite: { project: string; files: string[] }
  /** Why the seeded simulation cannot see it; absent where it does, and `--simulation` proves it. */
  unseen?: string
}

export interface Edit {
  file: string
  /** Stands there exactly once. */
  find: string
  replace: string
}

export const MUTANTS: Mutant[] = [
  {
    name: 'no event-id set in the cycle',
    harm: 'a redelivered event is judged a second time',
    edits: [
      {
        file: 'model/cycle/arrivals.ts',
        find: 'if (before && !before.isOpen) return countAgain(cycle, known)\n',
        replace: 'if (before && known < 0) return countAgain(cycle, known)\n',
      },
    ],
    suite: { project: 'pure', files: ['model/cycle/arrivals.test.ts', 'model/cycle/laws.test.ts'] },
  },
  {
    name: 'no reject-duplicate at the start of a cycle',
    harm: 'a redelivery after the end refreshes the product a second time',
    edits: [
      {
        file: 'workflows/contract.ts',
        find: "workflowIdReusePolicy: 'REJECT_DUPLICATE' as const",
        replace: "workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const",
      },
    ],
    suite: { project: 'services', files: ['test/services/bridge-past.test.ts'] },
  },
  {
    name: 'no UNIQUE on the history of a cycle',
    harm: 'a repeated flush writes each transition again',
    edits: [
      {
        file: 'migrations/0002_status.sql',
        find: '  primary key (cycle, run_number, version),\n',
        replace: '',
      },
    ],
    suite: { project: 'services', files: ['test/services/mirror-flushes.test.ts'] },
    unseen: 'its PostgreSQL has the key, whatever the migrations say',
  },
  {
    name: 'delete before Temporal accepted',
    harm: 'an event is lost while Temporal is away',
    edits: [
      {
        file: 'bridge/settle.ts',
        find: "if (said?.kind === 'unavailable') return toLater(said.concerns, said.error)",
        replace: "if (said?.kind === 'unavailable') return { kind: 'done' }",
      },
    ],
    suite: { project: 'services', files: ['test/services/bridge-outage.test.ts'] },
  },
  {
    name: 'delete what no cycle took before its row is written',
    harm: 'an event leaves no trace while PostgreSQL is away',
    edits: [
      {
        file: 'bridge/handle-batch.ts',
        find: "if (row.kind === 'later' || settlement.kind === 'record') return row",
        replace: "if (row.kind === 'later' || settlement.kind === 'record') return { kind: 'done' }",
      },
    ],
    suite: { project: 'services', files: ['test/services/bridge-outage.test.ts'] },
  },
  {
    name: 'no scan of GetJobRuns before a start',
    harm: 'a lost reply of StartJobRun ends in a second run',
    edits: [
      {
        file: 'activities/glue.ts',
        find: 'if (found?.Id) return { runId: found.Id, adopted: true }',
        replace: "if (found?.Id === 'never') return { runId: found.Id, adopted: true }",
      },
    ],
    suite: { project: 'services', files: ['test/services/activities-glue.test.ts'] },
  },
  {
    name: 'a look-up error falls through to the start',
    harm: 'a second run is started because nobody could see the first',
    edits: [
      {
        file: 'activities/glue.ts',
        find: 'const found = await failing(`look for a run of ${where}`, findRun(glue, order))',
        replace:
          'const found = await failing(`look for a run of ${where}`, findRun(glue, order)).catch(() => undefined)',
      },
    ],
    suite: { project: 'services', files: ['test/services/activities-glue.test.ts'] },
  },
  {
    name: 'a try that Temporal may have given up still starts',
    harm: 'a look-up of a minute ends in a second run beside that of the next try',
    edits: [
      {
        file: 'activities/glue.ts',
        find: '      if (why) throw ApplicationFailure',
        replace: '      if (why === order.job) throw ApplicationFailure',
      },
    ],
    suite: { project: 'services', files: ['test/services/activities-glue.test.ts'] },
    unseen: 'a look-up that slow is too rare in the seeds of a short run',
  },
  {
    name: 'the scan takes the first match, not the live run',
    harm: 'the cycle waits for a run that is over beside one that lives',
    edits: [
      {
        file: 'activities/glue.ts',
        find: "return matches.find((run) => !toRunEnd(run, 'check')) ?? matches.toSorted(newestFirst)[0]",
        replace: 'return matches[0] ?? matches.toSorted(newestFirst)[0]',
      },
    ],
    suite: { project: 'services', files: ['test/services/activities-glue.test.ts'] },
    unseen: 'two runs of one attempt need a person who starts one by hand',
  },
  {
    name: "the SDK's own retry on StartJobRun",
    harm: 'the SDK starts the job again after a lost reply, below the fence',
    edits: [{ file: 'clients/aws.ts', find: 'maxAttempts: 1 })', replace: 'maxAttempts: 3 })' }],
    suite: { project: 'services', files: ['test/services/activities-glue.test.ts'] },
    unseen: 'its clients stand in the place of the SDK',
  },
  {
    name: 'a Glue end is correlated by job name',
    harm: "another run's end completes this cycle",
    edits: [
      { file: 'bridge/glue-end.ts', find: 'import { GetJobRunCommand,', replace: 'import { GetJobRunsCommand,' },
      {
        file: 'bridge/glue-end.ts',
        find: 'new GetJobRunCommand({ JobName: news.jobName, RunId: news.runId })',
        replace: 'new GetJobRunsCommand({ JobName: news.jobName })',
      },
      { file: 'bridge/glue-end.ts', find: 'return answer.JobRun\n', replace: 'return answer.JobRuns?.[0]\n' },
    ],
    suite: { project: 'services', files: ['test/services/bridge-glue.test.ts'] },
    unseen: 'the cycle passes over an end that names another run, so it costs minutes and no truth',
  },
  {
    name: 'random event ids',
    harm: 'a publication that is retried counts as two',
    edits: [
      {
        file: 'activities/publishing.ts',
        find: 'metadata: { id: toEventId(publication.cycle, publication.revision), ...metadata },',
        replace: 'metadata: { id: crypto.randomUUID(), ...metadata },',
      },
    ],
    suite: { project: 'services', files: ['test/services/activities-publishing.test.ts'] },
  },
  {
    name: 'no (run number, version) guard on a status row',
    harm: 'a late flush turns the status back',
    edits: [
      {
        file: 'mirror/status-rows.ts',
        find: '     where (old.run_number, old.version) < (excluded.run_number, excluded.version)\n       or',
        replace: '     where true or',
      },
    ],
    suite: { project: 'services', files: ['test/services/mirror-flushes.test.ts'] },
    unseen: 'its PostgreSQL has the guard, whatever the statement says',
  },
  {
    name: '"already started" is taken for late',
    harm: 'a redelivery is reported as a late event, a correction is not seen',
    edits: [
      {
        file: 'bridge/settle.ts',
        find: 'return back ?? toJudged(judgeByPast(how, past,',
        replace: "return back ?? toJudged(judgeByPast(how, past && { ...past, outcome: 'late' },",
      },
    ],
    suite: { project: 'services', files: ['test/services/bridge-past.test.ts'] },
  },
  {
    name: 'no recall at the opening',
    harm: 'a cycle opened after its upstreams refreshed waits for ever',
    edits: [
      {
        file: 'workflows/data-product-cycle.ts',
        find: '  if (isUnbegun(run.cycle) || input.past?.command === null) recall(run)\n',
        replace: '  if (!isUnbegun(run.cycle)) recall(run)\n',
      },
    ],
    suite: { project: 'workflows', files: ['test/workflows/arrivals.test.ts'] },
    unseen: 'the next tick of the scheduler brings what was not recalled, before the worlds are judged',
  },
  {
    name: 'no flush before the close',
    harm: 'the status of a closed cycle is never written; a redelivery finds nothing',
    edits: [
      {
        file: 'workflows/cycle-run.ts',
        find: '(this.lane.isWritten() && this.unanswered === 0 && allHandlersFinished())',
        replace: '(this.unanswered === 0 && allHandlersFinished())',
      },
    ],
    suite: { project: 'workflows', files: ['test/workflows/status-lane.test.ts'] },
  },
  {
    name: 'no wait for notices and recall before the close',
    harm: 'nobody is told of a failure; a correction that only the recall finds is lost',
    edits: [
      {
        file: 'workflows/cycle-run.ts',
        find: '(this.lane.isWritten() && this.unanswered === 0 && allHandlersFinished())',
        replace: '(this.lane.isWritten() && allHandlersFinished())',
      },
    ],
    suite: { project: 'workflows', files: ['test/workflows/recall.test.ts', 'test/workflows/status-lane.test.ts'] },
  },
  {
    name: 'readiness ignores one dependency',
    harm: 'a product refreshes too early',
    edits: [
      {
        file: 'model/cycle/condition.ts',
        find: 'if (supply.length >= enough) {',
        replace: 'if (supply.length >= enough - 1) {',
      },
    ],
    suite: { project: 'pure', files: ['model/cycle/decide.test.ts', 'model/cycle/laws.test.ts'] },
  },
  {
    name: 'an event is looked for in too few cycles',
    harm: 'what a cycle of next week waits for is routed to nobody',
    edits: [
      { file: 'model/calendar/candidates.ts', find: 'to: addDays(last, rule.days) }', replace: 'to: last }' },
      { file: 'model/calendar/candidates.ts', find: 'rule.n + 1)', replace: '0)' },
    ],
    suite: { project: 'pure', files: ['model/calendar/match.test.ts'] },
    unseen: 'its worlds have no rule that looks back over days',
  },
  {
    name: "the cycle's key from the clock of the host",
    harm: 'an event after midnight counts for the next date',
    edits: [
      {
        file: 'model/calendar/routing.ts',
        find: 'concernedBy(edges, upstreamKey).map(',
        replace: 'concernedBy(edges, new Date().toISOString().slice(0, 10) as CycleKey).map(',
      },
    ],
    suite: { project: 'pure', files: ['model/calendar/routing.test.ts'] },
  },
  {
    name: 'a correction runs again at once',
    harm: 'the end of a diamond runs once for each side that is corrected',
    edits: [
      { file: 'model/cycle/revisions.ts', find: 'if (nowMs < untilMs) return', replace: 'if (untilMs < 0) return' },
    ],
    suite: {
      project: 'pure',
      files: ['model/cycle/revisions.test.ts', 'model/simulate/simulate.test.ts'],
    },
    unseen: 'each rerun for its own correction breaks no promise of a single cycle',
  },
  {
    name: 'an attempt does not take the corrections that have come',
    harm: 'the same correction brings one rerun after the other',
    edits: [
      {
        file: 'model/cycle/facts.ts',
        find: 'dependencies: takeCorrections(waive(cycle))',
        replace: 'dependencies: [takeCorrections, waive][1]?.(cycle as never) ?? []',
      },
    ],
    suite: { project: 'pure', files: ['model/cycle/revisions.test.ts', 'model/cycle/laws.test.ts'] },
  },
  {
    name: 'a closed cycle is brought back by how it stood long ago',
    harm: 'a bridge that was frozen repeats a run that has been made meanwhile',
    edits: [{ file: 'model/calendar/come-back.ts', find: '> OLDEST_PAST_MS', replace: '< -OLDEST_PAST_MS' }],
    suite: { project: 'services', files: ['test/services/bridge-past.test.ts'] },
    unseen: 'nothing freezes there',
  },
  {
    name: 'a cycle of any age is brought back',
    harm: 'a correction of old data starts jobs that nobody expects',
    edits: [
      {
        file: 'model/calendar/come-back.ts',
        find: 'dueAtMs >= nowMs - acceptForMs',
        replace: 'dueAtMs >= nowMs - 100 * acceptForMs',
      },
    ],
    suite: { project: 'pure', files: ['model/simulate/simulate.test.ts'] },
    unseen: 'its worlds last some days',
  },
  {
    name: 'a partial refresh counts where a whole one is asked for',
    harm: 'a report is made from data that lacks a part',
    edits: [
      {
        file: 'model/cycle/arrivals.ts',
        find: 'if (isNew && refusesPartial(',
        replace: 'if (isNew && arrival.revision > 99 && refusesPartial(',
      },
    ],
    suite: { project: 'pure', files: ['model/cycle/arrivals.test.ts'] },
    unseen: 'no definition of its worlds refuses a partial refresh',
  },
  {
    name: 'what a tick leaves out the next one opens',
    harm: 'a day of missed cycles runs though the product asked for the latest only',
    edits: [
      {
        file: 'model/calendar/catch-up.ts',
        find: "at < (catchUp === 'latest' ? missed - 1 : missed)",
        replace: "at < (catchUp === 'latest' ? missed - 2 : missed - 1)",
      },
    ],
    suite: { project: 'pure', files: ['model/calendar/catch-up.test.ts'] },
    unseen: 'its schedulers never rest that long',
  },
  {
    name: 'no cap over all failures of a start',
    harm: 'a job that Glue loses again and again is started for ever',
    edits: [
      {
        file: 'model/cycle/retry.ts',
        find: '|| failures.length >= MOST_ATTEMPTS)',
        replace: '|| failures.length >= 50 * MOST_ATTEMPTS)',
      },
    ],
    suite: { project: 'pure', files: ['model/cycle/retry.test.ts'] },
    unseen: 'its definitions allow few attempts',
  },
  {
    name: 'a refresh that overtakes its withdrawal counts',
    harm: 'a product is made from data that its producer took back',
    edits: [
      {
        file: 'model/cycle/withdrawals.ts',
        find: "if (state === 'WAITING') return blocker && takesBack(blocker, news) ? toNote(blocker) : null",
        replace: "if (state === 'WAITING') return null",
      },
    ],
    suite: { project: 'pure', files: ['model/cycle/withdrawals.test.ts'] },
    unseen: 'no promise says of which revision a cycle is made',
  },
  {
    name: 'an upgrade recalls nothing',
    harm: 'a cycle waits for ever for an input that was published before its definition came to name it',
    edits: [
      {
        file: 'workflows/cycle-messages.ts',
        find: "run.apply({ kind: 'upgraded', command })\n    recall(run)\n",
        replace: "run.apply({ kind: 'upgraded', command })\n",
      },
    ],
    suite: { project: 'workflows', files: ['test/workflows/upgrade.test.ts'] },
    unseen: 'its ticks repair it within hours, and no promise says how soon',
  },
  {
    name: 'an upgrade forgets what had arrived',
    harm: 'a cycle waits for ever for what it has had',
    edits: [
      {
        file: 'model/cycle/upgrade.ts',
        find: '    ...{ ...one, state, arrival, arrivedAtMs, blocker },',
        replace: '    ...{ ...one, state: "WAITING" as const, arrival: null, arrivedAtMs: null, blocker },',
      },
    ],
    suite: { project: 'pure', files: ['model/cycle/upgrade.test.ts'] },
  },
  {
    name: 'a hold keeps nothing from starting',
    harm: 'what an operator holds refreshes all the same',
    edits: [
      {
        file: 'model/cycle/decide.ts',
        find: "return cycle.held && STARTS.has(next.kind) ? { kind: 'wait', untilMs: null } : next",
        replace: "return cycle.held && next.kind === 'give-up' ? { kind: 'wait', untilMs: null } : next",
      },
    ],
    suite: { project: 'pure', files: ['model/cycle/laws.test.ts'] },
    unseen: 'no invariant of verify is about holds; the laws of the model and the workflows ring are',
  },
  {
    name: 'a held product is not asked about before Glue',
    harm: 'a cycle that was opened by who had not heard of the hold starts',
    edits: [
      {
        file: 'activities/glue.ts',
        find: '      if (held) return { held }\n',
        replace: '',
      },
    ],
    suite: { project: 'services', files: ['test/services/activities-glue.test.ts'] },
    unseen: 'its people hold cycles, not products',
  },
  {
    name: 'two may cancel at once',
    harm: 'the second is told yes, and his reason stands nowhere',
    edits: [
      {
        file: 'model/cycle/commands.ts',
        find: '  if (cycle.cancelling)\n    return',
        replace: '  if (cycle.cancelling && cycle.lastAttempt < 0)\n    return',
      },
    ],
    suite: { project: 'workflows', files: ['test/workflows/actions.test.ts'] },
    unseen: 'two accepted cancellations of one run break no invariant',
  },
  {
    name: 'an action is not told how the cycle stood',
    harm: 'the audit has no before and after',
    edits: [
      {
        file: 'model/cycle/actions.ts',
        find: '    before: toStanding(before),\n',
        replace: '',
      },
    ],
    suite: { project: 'pure', files: ['model/cycle/laws.test.ts'] },
    unseen: 'verify asks for actor and reason; evidence of earlier versions has no before',
  },
  {
    name: 'a rerun that nobody wants published publishes',
    harm: 'consumers take data that was made to look at',
    edits: [
      {
        file: 'model/cycle/decide.ts',
        find: '  cycle.input.definition.publish && !attempt.isUnpublished ?',
        replace: '  cycle.input.definition.publish ?',
      },
    ],
    suite: { project: 'pure', files: ['model/cycle/laws.test.ts'] },
    unseen: 'its people always publish',
  },
  {
    name: 'one cause of lateness is told again',
    harm: 'a page for each cycle and each tick',
    edits: [
      {
        file: 'model/lateness/notices.ts',
        find: '    .filter(([group]) => !known.has(group))\n',
        replace: '',
      },
    ],
    suite: { project: 'pure', files: ['model/lateness/notices.test.ts'] },
    unseen: 'its ticks do not look for what is late',
  },
  {
    name: 'a correction that was taken back still counts',
    harm: 'people rerun a product for data that is wrong',
    edits: [
      {
        file: 'mirror/outdated.ts',
        find: "     and not ${isWithdrawn({ domain: 'delivery.domain'",
        replace: "     and true or ${isWithdrawn({ domain: 'delivery.domain'",
      },
    ],
    suite: { project: 'services', files: ['test/services/outdated.test.ts'] },
    unseen: 'its PostgreSQL answers no report',
  },
  {
    name: 'a closed cycle comes back whatever ran since',
    harm: 'a cycle that was skipped meanwhile runs, and two of its runs share a number',
    edits: [
      {
        file: 'clients/last-result.ts',
        find: "return run?.runId === newest?.runId && !run?.isOpen ? 'same' : 'other'",
        replace: "return 'same'",
      },
    ],
    suite: {
      project: 'services',
      files: ['test/services/bridge-meanwhile.test.ts', 'test/services/repairing-corrections.test.ts'],
    },
    unseen: 'in its worlds nobody brings a cycle back and closes it within one look at it',
  },
  {
    name: 'an old build takes its place back',
    harm: 'a worker that restarts during a deployment pins new cycles to the build before',
    edits: [{ file: 'workers/deployment.ts', find: ', identity, conflictToken })', replace: ', identity })' }],
    suite: { project: 'workflows', files: ['test/workflows/deployment.test.ts'] },
    unseen: 'its workers have no builds',
  },
  {
    name: 'a worker told to stop makes its build current',
    harm: 'new cycles are pinned to a build that nobody runs',
    edits: [{ file: 'workers/worker.ts', find: 'told.abort()', replace: 'void told' }],
    suite: { project: 'workflows', files: ['test/workflows/worker-stop.test.ts'] },
    unseen: 'its workers have no builds',
  },
]
