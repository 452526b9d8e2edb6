// I10. In: evidence, taken after quiet. Out: cycles that could go on and do not. Pure.
// Never: blames a cycle that waits for what nobody sent, for its time, for Glue or for a person.
import { GLUE_ENDS } from '../model/cycle/cycle.ts'
import type { CycleSnapshot } from '../model/cycle/record.ts'
import { domainOf } from '../model/ids.ts'
import type { CycleEvidence, Evidence, SandboxRow } from './evidence.ts'
import { fold } from './fold.ts'
import { refreshesQueued } from './sandbox-rows.ts'
import { type Checked, type Look, toChecked } from './verdict.ts'

/** Quiet lasts at least this long: within it the mirror becomes the truth, too. */
const QUIET_MS = 5_000

export function checkLife(evidence: Evidence): Checked {
  const publications = findPublications(evidence)
  const ends = findEnds(evidence.sandbox ?? [])
  return toChecked(
    evidence.cycles.map((one): Look => {
      const { last, isOpen } = fold(one)
      if (!isOpen) return []
      if (!last) return checkUnborn(one, evidence.collectedAtMs)
      const sinceMs = evidence.collectedAtMs - last.snapshot.stateSinceMs
      if (sinceMs < QUIET_MS) return []
      if (last.snapshot.state === 'WAITING')
        return checkWaiting(one, last.snapshot, publications, evidence.collectedAtMs)
      return last.snapshot.state === 'PROCESSING'
        ? checkProcessing(one, last.snapshot, ends, evidence.collectedAtMs)
        : []
    }),
  )
}

/** A run that has not told anything yet: no worker took it. */
function checkUnborn({ cycle, runs }: CycleEvidence, nowMs: number): Look {
  const run = runs.at(-1)
  if (!run || nowMs - run.startedAtMs < QUIET_MS) return []
  const since = `run ${run.runId} since ${new Date(run.startedAtMs).toISOString()}`
  return [{ invariant: 'I10', cycle, says: `${cycle} was opened and no worker has taken it`, evidence: [since] }]
}

function checkWaiting(
  { cycle }: CycleEvidence,
  { dependencies, notBeforeMs }: CycleSnapshot,
  publications: Map<string, string>,
  nowMs: number,
): Look {
  if (notBeforeMs !== null && nowMs < notBeforeMs + QUIET_MS) return []
  const proofs = dependencies.map(({ product, key, state }) =>
    state === 'WAITING'
      ? publications.get(`${domainOf(cycle)} ${product}/${key}`)
      : `history of ${cycle}: ${product}/${key} ${state}`,
  )
  const found = proofs.filter((proof) => proof !== undefined)
  if (found.length < proofs.length) return []
  return [{ invariant: 'I10', cycle, says: `${cycle} is WAITING, though all it needs is there`, evidence: found }]
}

function checkProcessing(
  { cycle, runs }: CycleEvidence,
  { attempts, lastAttempt }: CycleSnapshot,
  ends: Map<string, SandboxRow>,
  nowMs: number,
): Look {
  const attempt = attempts.find(({ number }) => number === lastAttempt)
  const end = ends.get(attempt?.runId ?? '')
  const boundMs = (runs.at(-1)?.input.settings.checkGlueMs ?? 0) + QUIET_MS
  if (!end || attempt?.end || nowMs - end.atMs < boundMs) return []
  const says = `${cycle} is PROCESSING, though its Glue run ${attempt?.runId} ended longer ago than one check`
  return [{ invariant: 'I10', cycle, says, evidence: [`sandbox row ${end.seq}: ${attempt?.runId} ${end.outcome}`] }]
}

/** By the domain that was told and the upstream cycle: where it is seen that it is published. */
function findPublications({ sandbox = [], domains, ledger, collectedAtMs }: Evidence): Map<string, string> {
  const quietMs = collectedAtMs - QUIET_MS
  const queued = refreshesQueued(sandbox, domains).filter(({ atMs }) => atMs < quietMs)
  const taken = ledger.events.filter(
    ({ outcome, eventId, firstSeenAt }) =>
      outcome === 'routed' && !eventId.includes('/not-refreshed-') && Date.parse(firstSeenAt) < quietMs,
  )
  return new Map([
    ...queued.map(({ domain, cycle, eventId, seq }): [string, string] => [
      `${domain} ${cycle}`,
      `sandbox row ${seq}: ${eventId} reached ${domain}`,
    ]),
    ...taken.map(({ domain, product, key, eventId }): [string, string] => [
      `${domain} ${product}/${key}`,
      `event_ledger ${domain}: ${eventId} routed`,
    ]),
  ])
}

const findEnds = (rows: SandboxRow[]): Map<string, SandboxRow> =>
  new Map(
    rows
      .filter(({ kind, outcome }) => kind === 'run-state' && GLUE_ENDS.some((end) => end === outcome))
      .map((row) => [String(row.facts['JobRunId']), row]),
  )
