import { Command } from '@commander-js/extra-typings'
import { expect, test } from 'vitest'
import { toRefusal } from './asked-action.ts'
import { CommandFailure, EXIT } from './failure.ts'

const given = (...options: string[]) =>
  new Command('open')
    .argument('<cycle>', '', () => ({ product: 'd1/ds3', key: '2026-11-20' }))
    .option('--actor <name>')
    .option('--reason <text>')
    .option('-o, --output <as>')
    .parse(['d1/ds3/2026-11-20', '--actor', 'ann', ...options], { from: 'user' })

test.each(['notAllowed', 'conflict'] as const)('%s is told in the same shape', (kind) => {
  const error = new CommandFailure(EXIT[kind], 'It was there already.')
  const about = { cycle: 'd1/ds3/2026-11-20', action: 'open', actor: 'ann' }
  expect(toRefusal(given('-o', 'json'), error)).toEqual({ ...about, refused: 'It was there already.' })
  expect(toRefusal(given(), error)).toBeUndefined()
})

test('a failure is none', () => {
  expect(toRefusal(given('-o', 'json'), new CommandFailure(EXIT.failed, 'It failed.'))).toBeUndefined()
  expect(toRefusal(given('-o', 'json'), new Error('It failed.'))).toBeUndefined()
})
