// What may come next on the command line. In: the program, the words so far. Out: candidates, and which names the mirror could add.
// Pure. Never: a word that the command would refuse; what hidden commands are called.
import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import { CYCLE_STATES } from '../model/states.ts'

export interface Candidate {
  value: string
  /** For shells that show it. */
  description: string
}

export const NAME_KINDS = [
  'cycle',
  'product',
  'cycle-or-product',
  'held',
  'domain',
  'owner',
  'event',
  'refresh',
  'actor',
] as const
/** What only the mirror knows. */
export type NameKind = (typeof NAME_KINDS)[number]

export interface Completion {
  /** The part of the word that candidates continue. */
  prefix: string
  /** What stands before it in the same word, as in `--state=`. */
  before: string
  candidates: Candidate[]
  /** Names to be had live; null: none are wanted. */
  names: NameKind | null
  /** A file or folder is wanted: the shell knows better. */
  files: boolean
}

/** `words`: all after the name of the program; the last is being typed, and may be empty. */
export function complete(program: CommandUnknownOpts, words: string[]): Completion {
  const typed = joinEquals(words).map(unquote)
  const current = typed.at(-1) ?? ''
  const place = walk(program, typed.slice(0, -1))
  const [, long, value] = /^(--[\w-]+)=(.*)$/s.exec(current) ?? []
  if (long !== undefined && value !== undefined && !place.onlyArguments) {
    const option = findOption(place.command, long)
    const isSplit = words.at(-2) === '=' || words.at(-1) === '='
    return { ...valuesOf(option?.argChoices, placeholderOf(option?.flags), value), before: isSplit ? '' : `${long}=` }
  }
  if (place.waiting) return valuesOf(place.waiting.argChoices, placeholderOf(place.waiting.flags), current)
  if (current.startsWith('-') && !place.onlyArguments)
    return { ...NOTHING, prefix: current, candidates: matching(optionsOf(place.command), current) }
  const argument = argumentAt(place)
  const values = argument
    ? valuesOf(argument.argChoices, argument.name(), current, place.command.name())
    : { ...NOTHING, prefix: current }
  // A variadic option may go on, and the argument may begin.
  const more = place.variadic
    ? valuesOf(place.variadic.argChoices, placeholderOf(place.variadic.flags), current)
    : NOTHING
  const commands = place.arguments === 0 ? matching(commandsOf(place.command), current) : []
  return {
    ...values,
    candidates: [...commands, ...values.candidates, ...more.candidates],
    names: values.names ?? more.names,
    files: values.files || more.files,
  }
}

const NOTHING: Completion = { prefix: '', before: '', candidates: [], names: null, files: false }

/** bash splits words at `=`. */
function joinEquals(words: string[]): string[] {
  const joined: string[] = []
  for (const [at, word] of words.entries()) {
    const last = joined.at(-1)
    const follows = word === '=' || words[at - 1] === '='
    if (at > 0 && follows && last?.startsWith('--')) joined[joined.length - 1] = last + word
    else joined.push(word)
  }
  return joined
}

/** What a shell hands over as it was typed: with quotes, perhaps only the opening one. */
const unquote = (word: string): string => word.replaceAll(/(?<!\\)["']/g, '').replaceAll(/\\(.)/g, '$1')

interface Place {
  command: CommandUnknownOpts
  /** How many arguments it has been given. */
  arguments: number
  /** The option whose value comes next. */
  waiting: Option | null
  /** An option that may take further values. */
  variadic: Option | null
  /** After `--`. */
  onlyArguments: boolean
}

function walk(program: CommandUnknownOpts, words: string[]): Place {
  let place: Place = { command: program, arguments: 0, waiting: null, variadic: null, onlyArguments: false }
  for (const word of words) place = step(place, word)
  return place
}

function step(place: Place, word: string): Place {
  const { command, waiting, variadic } = place
  if (waiting) return { ...place, waiting: null, variadic: waiting.variadic ? waiting : null }
  if (!place.onlyArguments && word === '--') return { ...place, variadic: null, onlyArguments: true }
  if (!place.onlyArguments && word.startsWith('-') && word !== '-') {
    const option = word.includes('=') ? undefined : findOption(command, word)
    return { ...place, variadic: null, waiting: option && takesValue(option) ? option : null }
  }
  if (variadic) return place
  const part = place.arguments === 0 ? command.commands.find((one) => one.name() === word) : undefined
  return part ? { ...place, command: part } : { ...place, arguments: place.arguments + 1 }
}

const takesValue = ({ required, optional }: Option): boolean => required || optional

const findOption = (command: CommandUnknownOpts, word: string): Option | undefined =>
  command.options.find(({ long, short }) => long === word || short === word) as Option | undefined

function argumentAt({ command, arguments: count }: Place) {
  const all = command.registeredArguments
  const last = all.at(-1)
  return all[count] ?? (last?.variadic ? last : undefined)
}

const optionsOf = (command: CommandUnknownOpts): Candidate[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long ? [{ value: long, description }] : []))

const commandsOf = (command: CommandUnknownOpts): Candidate[] => {
  const help = command.createHelp()
  return help
    .visibleCommands(command)
    .map((part) => ({ value: part.name(), description: help.subcommandDescription(part) }))
}

const matching = (candidates: Candidate[], prefix: string): Candidate[] =>
  candidates.filter(({ value }) => value.startsWith(prefix))

const placeholderOf = (flags = ''): string => /[<[]([\w-]+)/.exec(flags)?.[1] ?? ''

const WORDS: Record<string, readonly string[]> = { state: CYCLE_STATES, shell: ['bash', 'zsh', 'fish'] }
/** By what the help calls it. */
const NAMES: Record<string, NameKind> = {
  ...{ cycle: 'cycle', product: 'product', names: 'product', domain: 'domain', domains: 'domain', who: 'actor' },
  ...{ owner: 'owner', event: 'event', ids: 'event', 'cycle or product': 'cycle-or-product' },
}
/** Of an argument that not every such name makes sense for. */
const NAMES_OF: Record<string, NameKind> = { release: 'held', withdraw: 'refresh' }
const FILES = new Set(['file', 'folder', 'paths', 'mesh'])

function valuesOf(
  choices: readonly string[] | undefined,
  placeholder: string,
  prefix: string,
  command = '',
): Completion {
  const words = choices ?? WORDS[placeholder] ?? []
  return {
    ...{ prefix, before: '', names: NAMES_OF[command] ?? NAMES[placeholder] ?? null, files: FILES.has(placeholder) },
    candidates: matching(
      words.map((value) => ({ value, description: '' })),
      prefix,
    ),
  }
}
