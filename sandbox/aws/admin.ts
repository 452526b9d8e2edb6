// The sandbox's own endpoint, `/_sandbox/`. In: plain HTTP from tests and people. Out: ledger rows, fault switches.
// Never: needs credentials; changes anything but the fault switches and the time.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseFaultRule } from './fault-rule.ts'
import { readBody } from './http.ts'
import { isRecord } from './input.ts'
import type { Clock, Faults, Ledger } from './service.ts'

interface AdminParts {
  clock: Clock
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
      return [200, { status: 'ok', pid: process.pid, rows: parts.ledger.count(), nowMs: parts.clock.nowMs() }]
    case 'GET /_sandbox/ledger':
      return ledgerPage(query, parts.ledger)
    case 'GET /_sandbox/glue-log':
      return glueLog(query.get('runId'), parts)
    case 'GET /_sandbox/faults':
      return [200, { rules: parts.faults.list() }]
    case 'POST /_sandbox/faults':
      return addRule(body, parts.faults)
    case 'DELETE /_sandbox/faults':
      return removeRules(query.get('id'), parts.faults)
    case 'POST /_sandbox/clock':
      return putForward(body, parts.clock)
    default:
      return [404, { error: `The sandbox has no "${route}". Try GET /_sandbox/health, /ledger, /faults or /glue-log.` }]
  }
}

function glueLog(runId: string | null, parts: AdminParts): [number, unknown] {
  const log = parts.glueLog(runId ?? '')
  if (log === undefined) return [404, { error: `No Glue run "${runId}" has run in this sandbox. Ask with ?runId=jr_…` }]
  return [200, { runId, log }]
}

/** `next` is there when the page is full: ask again with it as `sinceSeq`. */
function ledgerPage(query: URLSearchParams, ledger: Ledger): [number, unknown] {
  const sinceSeq = readWhole(query, 'sinceSeq')
  const limit = readWhole(query, 'limit')
  if (sinceSeq === null || limit === null) return [400, { error: '"sinceSeq" and "limit" are whole numbers from 0.' }]
  const [kind, service, operation] = ['kind', 'service', 'operation'].map((name) => query.get(name) ?? undefined)
  const rows = ledger.rows({ sinceSeq, limit, kind, service, operation })
  return [200, { rows, ...(rows.length === limit && { next: rows.at(-1)?.seq ?? sinceSeq }) }]
}

/** undefined when it is absent, null when it is no number. */
function readWhole(query: URLSearchParams, name: string): number | undefined | null {
  const text = query.get(name)
  if (text === null) return undefined
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}

function putForward(body: Buffer, clock: Clock): [number, unknown] {
  if (clock.jump === undefined) return [409, { error: "This sandbox's clock is driven by the test that started it." }]
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    // Said below, together with JSON of another form.
  }
  const aheadMs = isRecord(value) ? value['aheadMs'] : undefined
  if (!Number.isSafeInteger(aheadMs) || Number(aheadMs) < 0) {
    return [400, { error: 'Say how far: {"aheadMs": a whole number from 0}. Time does not go back.' }]
  }
  clock.jump(Number(aheadMs))
  return [200, { nowMs: clock.nowMs() }]
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

/** Without an id all of them. An id that is not set is refused: a mistyped one would leave its fault switched on. */
function removeRules(id: string | null, faults: Faults): [number, unknown] {
  const removed = faults.list().filter((rule) => id === null || rule.id === id)
  if (id !== null && removed.length === 0) {
    return [404, { error: `No fault switch "${id}" is set. GET /_sandbox/faults lists those that are.` }]
  }
  for (const rule of removed) if (rule.id !== undefined) faults.remove(rule.id)
  return [200, { removed: removed.map((rule) => rule.id) }]
}
