// Every external effect of each role, with the stimulus that brings it about: the crash points of rows 13 and 14.
// An operation with several purposes is as many effects (effects.ts). Compared with what a run without crash records, and
// with what the roles do in every other row (cases.ts), so that a new effect cannot be forgotten.
// Not here: what belongs to the deploy of a namespace and not to a loop or an activity. `AddSearchAttributes` is asked for at
// boot only where an attribute is missing, before a role takes any work, and adding what is there changes nothing; the
// stage's server has them from its start.
import type { Stimulus } from './provoke.ts'
import type { RoleName } from './roles.ts'

/**
 * `first tick`: only when cycles are due that nobody opened yet, so it comes before all else on a stage. `lost correction`:
 * what the bus lost, and of corrections only where definitions say `rerun`; its points are in rows-lost-corrections.test.ts.
 */
type Cause = Stimulus | 'first tick' | 'lost correction'

/** What a tick does that no walk brings about. */
export const FIRST_TICK = 'temporal StartWorkflowExecution dataProductCycle'
/** What a tick does for a closed cycle of which a correction was lost. */
export const BRING_BACK = 'temporal SignalWithStartWorkflowExecution arrivals'
/** For an open cycle that has not heard that its input was taken back. */
export const TELL_TAKEN_BACK = 'temporal SignalWorkflowExecution blockers'

export const EFFECTS: Record<RoleName, Record<string, Cause>> = {
  bridge: {
    'temporal UpdateNamespace': 'walk',
    'aws ReceiveMessage events': 'walk',
    'temporal SignalWithStartWorkflowExecution arrivals': 'walk',
    'temporal RespondActivityTaskCompletedById': 'walk',
    'temporal SignalWorkflowExecution arrivals': 'strays',
    'temporal SignalWorkflowExecution blockers': 'failure',
    'postgres insert event_ledger': 'strays',
    'aws SendMessage events-dlq': 'strays',
    'aws ChangeMessageVisibilityBatch events': 'stays',
    'aws DeleteMessageBatch events': 'walk',
  },
  worker: {
    'temporal UpdateNamespace': 'walk',
    'temporal SetWorkerDeploymentCurrentVersion': 'walk',
    'temporal CreateSchedule': 'walk',
    'temporal UpdateSchedule': 'walk',
    'temporal PatchSchedule': 'walk',
    [FIRST_TICK]: 'first tick',
    [BRING_BACK]: 'lost correction',
    [TELL_TAKEN_BACK]: 'lost correction',
    'temporal SignalWorkflowExecution arrivals': 'missed',
    'temporal SignalWorkflowExecution held-up': 'held up',
    'aws StartJobRun': 'walk',
    'aws BatchStopJobRun': 'cancel',
    'aws PutEvents Data Product Refreshed': 'walk',
    'aws PutEvents Data Product Not Refreshed': 'failure',
    'aws SendMessage notifications': 'failure',
    'postgres insert data_product_status': 'walk',
    'postgres update data_product_status': 'walk',
    'postgres insert data_product_status_history': 'walk',
    'postgres insert data_product_dependencies_events_status': 'walk',
    'postgres update data_product_dependencies_events_status': 'altered',
    'postgres insert data_product_dependencies_events_status_history': 'walk',
    'postgres insert event_ledger': 'walk',
    'postgres insert event_delivery': 'walk',
    'postgres insert operator_action': 'failure',
    'postgres insert cycle_hold': 'hold',
    'postgres commit': 'walk',
  },
}

export interface CrashPoint {
  role: RoleName
  effect: string
  /** After: executed, and its answer not seen. */
  when: 'before' | 'after'
  stimulus: Stimulus
}

export const toPoints = (role: RoleName): CrashPoint[] =>
  Object.entries(EFFECTS[role]).flatMap(([effect, stimulus]) =>
    stimulus === 'first tick' || stimulus === 'lost correction'
      ? []
      : (['before', 'after'] as const).map((when) => ({ role, effect, when, stimulus })),
  )

/** The most telling ones. */
export const CHOSEN: CrashPoint[] = [
  { role: 'worker', effect: 'aws StartJobRun', when: 'after', stimulus: 'walk' },
  { role: 'worker', effect: 'aws PutEvents Data Product Refreshed', when: 'after', stimulus: 'walk' },
  { role: 'bridge', effect: 'temporal SignalWithStartWorkflowExecution arrivals', when: 'after', stimulus: 'walk' },
  { role: 'bridge', effect: 'temporal RespondActivityTaskCompletedById', when: 'before', stimulus: 'walk' },
]
