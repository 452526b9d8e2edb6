// What a row means, as a condition in SQL. In: the name of its table in the query. Out: text for a `where`, no parameters.
// Never: said a second time elsewhere in this room; indexes of migrations hold the same list of open states.
import { BY_HAND } from '../model/lateness/promised.ts'

/** By its state: a run may have ended from outside, which `hasRun` leaves out. */
export const isOpen = (status = 'data_product_status'): string =>
  `${status}.state in ('WAITING', 'PROCESSING', 'ERROR')`

/** As far as is known. */
export const hasRun = (status = 'data_product_status'): string =>
  `(${isOpen(status)} and ${status}.run_ended_as is null)`

/** Its condition has not held yet. */
export const isUnbegun = (status = 'data_product_status'): string =>
  `(${status}.state = 'WAITING' or ${status}.state = 'ERROR' and ${status}.step = 'wait')`

/**
 * Each flush writes all inputs of the cycle with its own place in the order of flushes: a row left behind is an input that
 * a newer version of the definition dropped. Of `dependency`, and the row of its cycle.
 */
export const isInputOf = (status: string): string =>
  `(dependency.run_number, dependency.version) = (${status}.run_number, ${status}.version)`

/** Of `dependency`, where its cycle has a row. */
export const IS_INPUT = `exists (select from data_product_status as flushed
  where flushed.cycle = dependency.cycle and ${isInputOf('flushed')})`

/**
 * Of a row of `status` and an input: whether its definition says to ignore corrections of this upstream, in every rule that names
 * it. Null: the version has no rule for it.
 */
export const ignoresCorrections = (status: string, input: string): string =>
  `(select bool_and(coalesce(said.on_revision, 'flag') = 'ignore') from data_product_dependencies as said
    where said.product = ${status}.product and said.version = ${status}.definition_version
      and said.upstream = ${input}.upstream_product)`

/** By whom it is held and why; null also where the login may not know it, as of another domain's cycle. */
export const heldOf = (status = 'data_product_status'): string =>
  `(select jsonb_build_object('actor', hold.actor, 'reason', hold.reason) || ${status}.held from cycle_hold as hold
    where hold.cycle = ${status}.cycle and ${status}.held is not null)`

/** Nobody counts on it at its time: as model/lateness/promised.ts says it. */
export const IS_OPENED_AFTER_ITS_TIME = `opened_by in (${BY_HAND.map((one) => `'${one}'`).join(', ')}) and opened_at > available_by`
