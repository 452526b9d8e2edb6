// The sandbox's own endpoint, `/_sandbox/`. In: plain HTTP from tests and people. Out: ledger rows, fault switches.
// Never: needs credentials; changes anything but the fault switches.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseFaultRule } from './fault-rule.ts'
import { readBody } from './http.ts'
import type { Faults, Ledger } from './service.ts'

interface AdminParts {
  ledger: Ledger
  faults: Faults
  glueLog(runId: string): string | undefined
}

/** Serves one admin request; README.md lists them. */
export async function serveAdmin(request: IncomingMessage, response: ServerResponse, parts: AdminParts): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const body = await readBody(request)
  const [status, answer] = answerAdmin(`${request.method} ${url.pathname}`, url.searchParams, body, parts)
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(answer)}\n`)
}

function answerAdmin(route: string, query: URLSearchParams, body: Buffer, parts: AdminParts): [number, unknown] {
  switch (route) {
    case 'GET /_sandbox/health':
      return [200, { status: 'ok', pid: process.pid, rows: parts.ledger.rows().length }]
    case 'GET /_sandbox/ledger':
      return [200, { rows: parts.ledger.rows(toFilter(query)) }]
    case 'GET /_sandbox/glue-log':
      return glueLog(query.get('runId'), parts)
    case 'GET /_sandbox/faults':
      return [200, { rules: parts.faults.list() }]
    case 'POST /_sandbox/faults':
      return addRule(body, parts.faults)
    case 'DELETE /_sandbox/faults':
      return removeRules(query.get('id'), parts.faults)
    default:
      return [404, { error: `The sandbox has no "${route}". Try GET /_sandbox/health, /ledger, /faults or /glue-log.` }]
  }
}

function glueLog(runId: string | null, parts: AdminParts): [number, unknown] {
  const log = parts.glueLog(runId ?? '')
  if (log === undefined) return [404, { error: `No Glue run "${runId}" has run in this sandbox. Ask with ?runId=jr_…` }]
  return [200, { runId, log }]
}

function toFilter(query: URLSearchParams) {
  const since = Number(query.get('sinceSeq') ?? 0)
  return {
    sinceSeq: Number.isInteger(since) && since > 0 ? since : 0,
    kind: query.get('kind') ?? undefined,
    service: query.get('service') ?? undefined,
    operation: query.get('operation') ?? undefined,
  }
}

function addRule(body: Buffer, faults: Faults): [number, unknown] {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch (cause) {
    return [400, { error: `The fault rule is not JSON: ${(cause as Error).message}` }]
  }
  const reading = parseFaultRule(value)
  if (reading.kind === 'refused') return [400, { error: reading.problems.join(' ') }]
  return [201, { id: faults.add(reading.rule) }]
}

/** Without an id all of them. */
function removeRules(id: string | null, faults: Faults): [number, unknown] {
  const removed = faults.list().filter((rule) => id === null || rule.id === id)
  for (const rule of removed) if (rule.id !== undefined) faults.remove(rule.id)
  return [200, { removed: removed.map((rule) => rule.id) }]
}
