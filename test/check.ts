// `npm run check`: the gate without servers. Out: a line per step, the tally, the exit code.
import { check } from './gate.ts'

const { passed, failed } = await check()
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
