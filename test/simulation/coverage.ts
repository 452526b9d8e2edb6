// What must happen over many seeds, so that the simulation cannot rot silently: hostile acts, and branches of the product.
// In: how often each was seen, in how many worlds. Out: what was seen too rarely, or is on no list. Pure.
import type { OperatorAction, PastRuns } from '../../model/cycle/cycle.ts'
import { SLUICE } from '../../model/cycle/revisions.ts'
import type { Evidence, RunEvidence } from '../../verify/evidence.ts'
import { answeredOf, askedOf, fold, ordersOf, recordsOf } from '../../verify/fold.ts'
import { cascadesIn } from './cascades.ts'
import type { FailureNotice, NotRefreshedNotice } from '../../workflows/contract.ts'

/** At least, in a thousand worlds: about a third of what was seen when it was written down. */
const LEAST: Record<string, number> = {
  'a Glue run became ERROR': 80,
  'a Glue run became FAILED': 500,
  'a Glue run became RUNNING': 8_000,
  'a Glue run became STOPPED': 40,
  'a Glue run became SUCCEEDED': 7_000,
  'a Glue run became TIMEOUT': 300,
  'a Glue run by a replaced version': 40,
  'a Glue run ended ERROR, noticed by check': 80,
  'a Glue run ended FAILED, noticed by check': 200,
  'a Glue run ended FAILED, noticed by event': 300,
  'a Glue run ended SUCCEEDED, noticed by check': 1_000,
  'a Glue run ended SUCCEEDED, noticed by event': 5_000,
  'a Glue run ended TIMEOUT, noticed by check': 100,
  'a Glue run ended TIMEOUT, noticed by event': 100,
  'a Glue run fails': 900,
  'a Glue run was adopted': 300,
  'a Glue run without an input': 8,
  'a call refused by events': 300,
  'a call refused by glue': 1_000,
  'a call refused by postgres': 2_000,
  'a call refused by sqs': 3_000,
  'a call refused by temporal': 2_000,
  'a call while events forbids it': 2_000,
  'a call while events is away': 4_000,
  'a call while glue forbids it': 2_000,
  'a call while glue is away': 2_000,
  'a call while postgres is away': 10_000,
  'a call while sqs forbids it': 5_000,
  'a call while sqs is away': 10_000,
  'a call while temporal is away': 4_000,
  'a cycle came back by a correction from COMPLETED': 100,
  'a cycle came back by a correction from ERROR': 1,
  'a cycle came back from CANCELLED': 60,
  'a cycle came back from COMPLETED': 2_000,
  'a cycle came back from ERROR': 100,
  'a cycle cancelled': 70,
  'a cycle cancelled at work': 90,
  'a cycle moved from CANCELLED to PROCESSING': 60,
  'a cycle moved from COMPLETED to PROCESSING': 2_000,
  'a cycle moved from ERROR to CANCELLED': 3,
  'a cycle moved from ERROR to PROCESSING': 400,
  'a cycle moved from PROCESSING to CANCELLED': 60,
  'a cycle moved from PROCESSING to COMPLETED': 7_000,
  'a cycle moved from PROCESSING to ERROR(publish)': 20,
  'a cycle moved from PROCESSING to ERROR(run)': 300,
  'a cycle moved from PROCESSING to ERROR(start)': 40,
  'a cycle moved from WAITING to CANCELLED': 70,
  'a cycle moved from WAITING to ERROR(wait)': 10,
  'a cycle moved from WAITING to PROCESSING': 4_000,
  'a cycle moved from WAITING to SKIPPED': 16,
  'a cycle moved from null to WAITING': 5_000,
  'a cycle not listed by Temporal yet': 1_000,
  'a cycle was told an event again': 1_000,
  'a cycle was upgraded': 50,
  'a definition changed': 200,
  'a failure of Glue itself': 100,
  'a job that is not there': 30,
  'a message doubled': 2_000,
  'a refresh taken back': 100,
  'a message in hand shown again': 1_000,
  'a notice to an owner of ERROR': 450,
  'a notice to an owner of a held-up step': 40,
  'a notice to consumers of CANCELLED': 150,
  'a notice to consumers of ERROR': 450,
  'a notice to consumers of SKIPPED': 12,
  'a process killed after a call': 1_000,
  'a process killed before a call': 1_000,
  'a publication for the domain': 1_000,
  'a publication for the mesh': 5_000,
  'a rerun asked for by two': 200,
  'a rerun asked for twice': 200,
  'a rerun refused': 100,
  'a rerun signal sent by two': 8,
  'a rerun signal was refused': 8,
  'a rerun was accepted': 3_000,
  'a run listed late': 1_000,
  'a run of a cycle ended CANCELLED': 100,
  'a run of a cycle ended COMPLETED': 7_000,
  'a run of a cycle ended FAILED': 100,
  'a run of a cycle ended RUNNING': 1_000,
  'a run that Glue does not know yet': 400,
  'a slow call': 50_000,
  'an answer of events lost': 300,
  'an answer of glue lost': 1_000,
  'an answer of postgres lost': 2_000,
  'an answer of sqs lost': 3_000,
  'an answer of temporal lost': 1_000,
  'an arrival at a closed cycle was correction': 3_000,
  'an arrival at a closed cycle was duplicate': 1_000,
  'an arrival at a closed cycle was late': 100,
  'an arrival at a closed cycle was superseded': 200,
  'an arrival at a closed cycle was withdrawn': 1,
  'an arrival was correction': 600,
  'an arrival was duplicate': 1,
  'an arrival was early': 6,
  'an arrival was late': 50,
  'an arrival was satisfied': 8_000,
  'an arrival was superseded': 200,
  'an arrival was withdrawn': 20,
  'an entry refused by the bus': 200,
  'an entry that the bus policy forbids': 20,
  'an event dropped by the bus': 200,
  'an event hours late': 2_000,
  'an event was routed': 9_000,
  'an event was unmatched': 100,
  'an upgrade asked for by two': 8,
  'an upgrade refused': 5,
  'an upgrade too late': 1,
  'an upgrade unanswered': 5,
  'an upgrade was taken': 50,
  'an operator acts': 40,
  'an action asked for by two': 3,
  'an action asked for twice': 3,
  'an action that makes no sense': 3,
  'an action unanswered': 3,
  'a cycle moved from ERROR to SKIPPED': 1,
  "an operator's cancel was accepted": 5,
  'a cancel refused': 1,
  'a cancel was taken': 5,
  "an operator's hold was accepted": 5,
  'a hold refused': 1,
  'a hold was taken': 5,
  "an operator's release was accepted": 5,
  'a release refused': 1,
  'a release was taken': 5,
  "an operator's skip was accepted": 5,
  'a skip refused': 1,
  'a skip was taken': 5,
  "an operator's waive was accepted": 5,
  'a waive refused': 1,
  'a waive was taken': 5,
  'a call refused by s3': 570,
  'a call while s3 is away': 2830,
  'a cascade refused': 70,
  'a command about a product failed half-way': 460,
  'a cycle of a held product held by itself': 90,
  'a cycle opened held': 130,
  'a cycle ran again by itself for a cascade': 400,
  'a cycle ran again by itself for its definition': 430,
  'a definition mended for a failed cycle': 50,
  'a hold of a product was done': 260,
  'a hold was repaired': 30,
  'a product held': 420,
  'a product held by two': 60,
  'a product released by two': 70,
  'a product that is held was held': 50,
  'a publication that cascades to all': 590,
  'a publication that cascades to some': 280,
  'a release of a product given up': 1,
  'a release of a product refused': 10,
  'a release of a product was done: all': 150,
  'a release of a product was done: latest': 50,
  'a release of a product was done: none': 60,
  'a release of a product was done: unsaid': 30,
  'a release that does not say of which refused': 1,
  'a release was repaired': 30,
  'a rerun by the definition in force asked for': 40,
  'a rerun by the definition that it ran by': 270,
  'a rerun that cascades to all': 260,
  'a rerun that cascades to some': 210,
  'a rerun that publishes nothing': 310,
  'a run went on by the definition in force': 20,
  'a start found its product held': 70,
  'an answer of s3 lost': 520,
  'an attempt that told nobody': 290,
  'no free slot in Glue': 600,
  'the end of a Glue run is not told': 1_000,
  'the end of a Glue run is told twice': 1_000,
}

export type Seen = Map<string, number>

export function findUncovered(seen: Seen, worlds: number): string[] {
  const unlisted = [...seen.keys()].filter((what) => LEAST[what] === undefined)
  // What comes once in a thousand worlds may be missing in half of them.
  const rare = Object.entries(LEAST).filter(
    ([what, least]) => (seen.get(what) ?? 0) < Math.floor((least * worlds) / 1_000),
  )
  return [
    ...unlisted.map((what) => `"${what}" happened and is on no list of coverage.ts`),
    ...rare.map(
      ([what, least]) => `"${what}" happened ${seen.get(what) ?? 0} times in ${worlds} worlds, not ${least} in 1,000`,
    ),
  ]
}

/** The branches that this world's cycles took, once for each time. */
export function branchesOf(evidence: Evidence): string[] {
  const { cycles, ledger, sandbox = [] } = evidence
  return [
    ...sandbox.flatMap(({ kind, outcome }) => (kind === 'run-state' ? [`a Glue run became ${outcome}`] : [])),
    ...ledger.deliveries.flatMap(({ outcome }) => (outcome === 'early' ? ['an arrival was early'] : [])),
    ...ledger.events.map(({ outcome }) => `an event was ${outcome}`),
    ...cycles.flatMap((one) => {
      const { transitions, attempts, deliveries, actions } = fold(one)
      return [
        ...transitions.map(({ from, to, step }) => `a cycle moved from ${from} to ${to}${step ? `(${step})` : ''}`),
        ...one.runs.map(({ status }) => `a run of a cycle ended ${status}`),
        ...one.runs.flatMap(({ input }) => (input.past ? [toBack(input.past)] : [])),
        ...attempts.flatMap(({ adopted, end }) => [
          ...(adopted ? ['a Glue run was adopted'] : []),
          ...(end ? [`a Glue run ended ${end.state}, noticed by ${end.noticedBy}`] : []),
        ]),
        ...one.runs.flatMap((run) => (startedWithout(run) ? ['a Glue run without an input'] : [])),
        ...deliveries.map(({ outcome }) => `an arrival was ${outcome}`),
        ...(deliveries.some(({ seen }) => seen > 1) ? ['a cycle was told an event again'] : []),
        ...actions.map(toActed),
      ]
    }),
    ...cycles.flatMap(({ runs }) => runs.flatMap(noticesOf)),
    ...cycles.flatMap(({ runs }) => runs.flatMap(holdsOf)),
    ...cascadesIn(evidence),
    ...cycles.flatMap((one) => keptSnapshots(evidence, one)),
    ...cycles.flatMap(({ runs }) =>
      runs.flatMap((run) =>
        askedOf(run, 'publishRefreshEvent').map(() => `a publication for the ${run.input.definition.visibility}`),
      ),
    ),
  ]
}

const toActed = ({ action, actor, refused }: OperatorAction): string => {
  if (action === 'upgrade') return refused === null ? 'a cycle was upgraded' : 'an upgrade was recorded as refused'
  // A refused one leaves no trace in the cycle.
  if (action !== 'rerun') return actor === SLUICE ? `a ${action} was repaired` : `an operator's ${action} was accepted`
  return refused === null ? 'a rerun was accepted' : 'a rerun signal was refused'
}

const holdsOf = (run: RunEvidence): string[] => [
  ...(run.input.held ? ['a cycle opened held'] : []),
  ...(run.changed ?? []).map(() => 'a run went on by the definition in force'),
  ...answeredOf(run, 'startGlueJob').flatMap(({ result }) =>
    'held' in (result as object) ? ['a start found its product held'] : [],
  ),
]

const noticesOf = (run: RunEvidence): string[] => [
  ...askedOf(run, 'notifyFailure').map(
    ({ input }) => `a notice to an owner of ${(input as FailureNotice).state === 'ERROR' ? 'ERROR' : 'a held-up step'}`,
  ),
  ...askedOf(run, 'publishNotRefreshed').map(
    ({ input }) => `a notice to consumers of ${(input as NotRefreshedNotice).state}`,
  ),
]

/** By the cutoff's `run-without`. */
const startedWithout = (run: RunEvidence): boolean =>
  recordsOf(run).some(
    ({ snapshot }) => snapshot.state === 'PROCESSING' && snapshot.dependencies.some(({ state }) => state === 'WAIVED'),
  )

/** Glue runs ordered by a version that another had replaced by then. */
const keptSnapshots = ({ definitions }: Evidence, { runs }: Evidence['cycles'][number]): string[] =>
  runs.flatMap((run) =>
    ordersOf(run).flatMap(({ atMs }) => {
      const { product, definitionVersion } = run.input
      const now = definitions.find(({ definition }) => definition.product === product)
      const isReplaced = now && definitionVersion < now.version && Date.parse(now.appliedAt) < atMs
      return isReplaced ? ['a Glue run by a replaced version'] : []
    }),
  )

const toBack = ({ state, command }: PastRuns): string =>
  command ? `a cycle came back from ${state}` : `a cycle came back by a correction from ${state}`
