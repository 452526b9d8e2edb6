// The grammar of `dependsOn`: an upstream with its match rule, or a group of them. In: YAML as plain values.
// Out: the same, typed; or what is wrong, by path. Never: groups nested deeper than a person can read.
import { z } from 'zod'
import { IF_NONE, ON_REVISION } from './definition.ts'
import { duration, productId, textWith, wallTime } from './definition-parts.schema.ts'
import { didYouMean } from './nearest.ts'

/** The words of `cycle:` that need no number. */
export const CYCLE_WORDS = [
  'same',
  'previous-business-day',
  'every-of-period',
  'last-of-period',
  'covering',
  'self-previous',
] as const

const cycleWord = textWith((text) =>
  CYCLE_WORDS.some((word) => word === text)
    ? undefined
    : `"${text}" says no cycle${didYouMean(text, CYCLE_WORDS) || `; known: ${CYCLE_WORDS.join(', ')}, { businessDaysBefore: 3 }, { calendarDaysBefore: 1 }`}`,
)

const MOST_DAYS = 400
const DAYS = `a whole number from 1 to ${MOST_DAYS}`
const days = z
  .int({ error: () => DAYS })
  .min(1, { error: DAYS })
  .max(MOST_DAYS, { error: DAYS })

const cycleOffset = z
  .strictObject({
    businessDaysBefore: days.optional().meta({
      description: "So many business days of the consumer's calendar before",
      examples: [3],
    }),
    calendarDaysBefore: days.optional().meta({ description: 'So many days before', examples: [1] }),
  })
  .superRefine((offset, context) => {
    if (Object.keys(offset).length !== 1)
      context.addIssue({ code: 'custom', message: 'takes one of businessDaysBefore and calendarDaysBefore' })
  })

export interface DependencyBlock {
  product?: string
  cycle?: string | { businessDaysBefore?: number; calendarDaysBefore?: number }
  latestWithin?: string
  ifNone?: (typeof IF_NONE)[number]
  onRevision?: (typeof ON_REVISION)[number]
  acceptPartial?: boolean
  optionalAfter?: string
  anyOf?: DependencyFile[]
  allOf?: DependencyFile[]
  atLeast?: number
  of?: DependencyFile[]
}

export type DependencyFile = string | DependencyBlock

/** What becomes of later revisions of an upstream, and of partial ones. */
const onCorrections = {
  onRevision: z
    .enum(ON_REVISION)
    .optional()
    .meta({
      description:
        'When a corrected revision comes after the cycle has run: `ignore` it, `flag` the cycle (else assumed), or `rerun` it by itself',
      examples: ['rerun'],
    }),
  acceptPartial: z
    .boolean()
    .optional()
    .meta({
      description:
        '`false`: a refresh that was made without some of its own inputs does not count; the cycle waits for a whole one',
      examples: ['false'],
    }),
}

/** `inner`: what a group holds; null where a group would be nested too deeply. */
function dependencyOver(inner: z.ZodType<DependencyFile> | null): z.ZodType<DependencyFile> {
  const parts = z.array(inner ?? productId).optional()
  const block = z
    .strictObject({
      product: productId.optional().meta({ description: 'The upstream, `<domain>/<product>`', examples: ['d1/ds1'] }),
      cycle: z
        .union([cycleWord, cycleOffset])
        .optional()
        .meta({
          description:
            'Which cycle of it: `same` (else assumed), `previous-business-day`, `{ businessDaysBefore: 3 }`, ' +
            '`{ calendarDaysBefore: 1 }`; `every-of-period` or `last-of-period` of a finer upstream; `covering`: the one of ' +
            'a coarser upstream that holds the date; `self-previous`: the cycle before of the product itself',
          examples: ['previous-business-day'],
        }),
      latestWithin: duration(86_400_000, MOST_DAYS * 86_400_000, `whole days from 1d to ${MOST_DAYS}d`)
        .optional()
        .meta({ description: 'The newest of its cycles that is at most so old', examples: ['7d'] }),
      ifNone: z
        .enum(IF_NONE)
        .optional()
        .meta({
          description:
            'When the upstream has no such cycle, or skipped it: `wait`, take its `previous` one, `run-without` it, or `skip-cycle`',
          examples: ['previous'],
        }),
      ...onCorrections,
      optionalAfter: wallTime.optional().meta({
        description: 'From this time on the cycle does without it',
        examples: ['"20:00"'],
      }),
      anyOf: parts.meta({ description: 'One of these is enough', examples: ['[raw/fx-a, raw/fx-b]'] }),
      allOf: parts.meta({ description: 'All of these, as one alternative of a group', examples: ['[raw/a, raw/b]'] }),
      atLeast: z
        .int({ error: () => DAYS })
        .min(1, { error: DAYS })
        .optional()
        .meta({
          description: 'So many of `of` are enough',
          examples: [2],
        }),
      of: parts.meta({ description: 'What `atLeast` counts', examples: ['[raw/a, raw/b, raw/c]'] }),
    })
    .superRefine((value, context) => {
      const faults = inner === null && isGroup(value) ? [TOO_DEEP] : faultsOf(value)
      for (const { path, message } of faults) context.addIssue({ code: 'custom', path, message })
    })
  return z.union([productId, block])
}

/** All of (any of (all of ...)): no deeper, as nobody could read it. */
export const dependency = dependencyOver(dependencyOver(dependencyOver(null)))

const KINDS = ['product', 'anyOf', 'allOf', 'atLeast'] as const
const OF_PRODUCT = ['cycle', 'latestWithin', 'ifNone', 'onRevision', 'acceptPartial'] as const

interface Fault {
  path: string[]
  message: string
}

const TOO_DEEP: Fault = {
  path: [],
  message: 'groups are nested too deeply; make a product of this one and wait for that',
}

const isGroup = ({ anyOf, allOf, of }: DependencyBlock): boolean => (anyOf ?? allOf ?? of) !== undefined

function faultsOf(block: DependencyBlock): Fault[] {
  const found = KINDS.filter((kind) => block[kind] !== undefined)
  const isSelf = found.length === 0 && block.cycle === 'self-previous'
  if (found.length !== 1 && !isSelf) {
    const message =
      found.length === 0
        ? 'names no upstream: write product, anyOf, allOf, or atLeast with of'
        : `${found.join(' and ')} exclude each other; keep one of them`
    return [{ path: [], message }]
  }
  return block.product !== undefined || isSelf ? faultsOfUpstream(block) : faultsOfGroup(block)
}

function faultsOfUpstream({ cycle, latestWithin, ifNone, optionalAfter, of }: DependencyBlock): Fault[] {
  const faults: Fault[] = []
  if (of) faults.push({ path: ['of'], message: 'belongs to atLeast' })
  if (cycle !== undefined && latestWithin !== undefined) {
    faults.push({ path: ['latestWithin'], message: 'and cycle exclude each other; keep one of them' })
  }
  if (latestWithin !== undefined && !latestWithin.endsWith('d')) {
    faults.push({ path: ['latestWithin'], message: `"${latestWithin}" is no number of whole days, such as 7d` })
  }
  if (ifNone === 'previous' && (latestWithin !== undefined || cycle === 'self-previous')) {
    const rule = latestWithin === undefined ? 'self-previous' : 'latestWithin'
    faults.push({ path: ['ifNone'], message: `previous means nothing with ${rule}, which looks back itself` })
  }
  if (ifNone === 'skip-cycle' && optionalAfter !== undefined) {
    const message =
      'skip-cycle means nothing with optionalAfter: the cycle waits until then, and runs without from then on'
    faults.push({ path: ['ifNone'], message })
  }
  return faults
}

function faultsOfGroup(block: DependencyBlock): Fault[] {
  const faults: Fault[] = OF_PRODUCT.filter((key) => block[key] !== undefined).map((key) => ({
    path: [key],
    message: 'belongs to one upstream: write it at the product inside the group',
  }))
  const parts = block.anyOf ?? block.allOf ?? block.of
  if (!parts) return [...faults, { path: ['atLeast'], message: 'needs of: a list of what it counts' }]
  if (block.of && block.atLeast === undefined) return [...faults, { path: ['of'], message: 'belongs to atLeast' }]
  const list = block.anyOf ? 'anyOf' : block.allOf ? 'allOf' : 'of'
  if (parts.length < 2) faults.push({ path: [list], message: 'needs two or more to choose from' })
  if (block.atLeast !== undefined && block.atLeast > parts.length) {
    faults.push({ path: ['atLeast'], message: `is ${block.atLeast}, but of has only ${parts.length}` })
  }
  return faults
}
