// Preloaded into a bridge (`node --import`): the version of tomorrow, which reads events of the next major beside today's.
// In: bridge/parse.ts as it is loaded. Out: the same with one condition changed.
// Never: a bridge that goes on as today's because that condition is written otherwise now.
import { registerHooks } from 'node:module'

const TODAY = "version.split('.')[0] === SCHEMA_MAJOR"
const TOMORROW = "[SCHEMA_MAJOR, '2'].includes(version.split('.')[0])"

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.endsWith('/bridge/parse.ts')) return loaded
    const source = Buffer.from(loaded.source as Uint8Array).toString()
    if (!source.includes(TODAY)) throw new Error('bridge/parse.ts compares majors otherwise now: next-major.ts is old.')
    return { ...loaded, source: source.replace(TODAY, TOMORROW) }
  },
})
