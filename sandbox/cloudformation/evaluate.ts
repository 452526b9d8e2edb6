// Intrinsic functions. In: a property, what is known by now. Out: its value. Never: passes on a function that it does
// not know: a policy with an unresolved ARN would just never match.
import { isJson } from './template.ts'

export interface Made {
  /** What `Ref` gives. */
  ref: string
  /** What `Fn::GetAtt` gives. */
  attributes: Record<string, string>
}

export interface Known {
  stack: string
  account: string
  region: string
  parameters: ReadonlyMap<string, string | number>
  made: ReadonlyMap<string, Made>
}

/** `where` is the logical id, for messages. A value that is `AWS::NoValue` is undefined. */
export function evaluate(value: unknown, known: Known, where: string): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => evaluate(item, known, where)).filter((item) => item !== undefined)
  }
  if (!isJson(value)) return value
  const [name = '', ...others] = Object.keys(value)
  if (others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'))) {
    return callFunction(name, value[name], known, where)
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const evaluated = evaluate(inner, known, where)
      return evaluated === undefined ? [] : [[key, evaluated]]
    }),
  )
}

function callFunction(name: string, given: unknown, known: Known, where: string): unknown {
  switch (name) {
    case 'Ref':
      return refer(String(given), known, where)
    case 'Fn::GetAtt':
      return getAttribute(given, known, where)
    case 'Fn::Join': {
      const [separator, parts] = given as [string, unknown]
      return (evaluate(parts, known, where) as unknown[]).join(separator)
    }
    case 'Fn::Sub':
      return substitute(given, known, where)
    case 'Fn::Select': {
      const [index, list] = given as [unknown, unknown]
      return (evaluate(list, known, where) as unknown[])[Number(index)]
    }
    case 'Fn::Split': {
      const [separator, text] = given as [string, unknown]
      return String(evaluate(text, known, where)).split(separator)
    }
    default:
      throw new Error(`${known.stack}/${where}: the sandbox does not know the function ${name}.`)
  }
}

function refer(name: string, known: Known, where: string): string | number | undefined {
  const pseudo: Record<string, string | undefined> = {
    'AWS::AccountId': known.account,
    'AWS::Region': known.region,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': known.stack,
    'AWS::NoValue': undefined,
  }
  if (Object.hasOwn(pseudo, name)) return pseudo[name]
  const found = known.parameters.get(name) ?? known.made.get(name)?.ref
  if (found !== undefined) return found
  throw new Error(`${known.stack}/${where}: Ref names ${name}, which is no parameter or resource of the template.`)
}

function getAttribute(given: unknown, known: Known, where: string): string {
  const [logicalId = '', ...path] = Array.isArray(given) ? given.map(String) : String(given).split('.')
  const found = known.made.get(logicalId)?.attributes[path.join('.')]
  if (found !== undefined) return found
  throw new Error(`${known.stack}/${where}: Fn::GetAtt finds no attribute ${path.join('.')} of ${logicalId}.`)
}

function substitute(given: unknown, known: Known, where: string): string {
  const [text, own] = Array.isArray(given) ? given : [given, {}]
  const values = evaluate(own, known, where) as Record<string, unknown>
  return String(text).replace(/\$\{(!?)([^}]+)\}/g, (_match, literal: string, name: string) => {
    if (literal) return `\${${name}}`
    if (Object.hasOwn(values, name)) return String(values[name])
    return String(name.includes('.') ? getAttribute(name, known, where) : refer(name, known, where))
  })
}
