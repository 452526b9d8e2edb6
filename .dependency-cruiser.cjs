// In: the table of rooms in DESIGN §4 (docs: ARCHITECTURE.md). Out: one forbidden arrow per row, checked by `npm run check`.
// Never: an arrow that is in no row. `typescript` 6 must stay installed: with 7 alone nothing at all is cruised.
const { version } = require('typescript')
if (!/^[56]\./.test(version))
  throw new Error(`dependency-cruiser needs typescript 5 or 6 to see type-only imports, not ${version}.`)
const ROOMS = [
  'model',
  'catalog',
  'bridge',
  'workflows',
  'activities',
  'workers',
  'mirror',
  'clients',
  'cli',
  'web',
  'verify',
  'sandbox',
  'infra',
  'bench',
  'test',
  'examples',
]
const TESTS = '\\.test\\.ts$|\\.test-[^/]+\\.ts$'
const MODEL = '^model/(?!calendar/|simulate/)(?!.*\\.schema\\.ts$)'
const SIMULATE = '^model/simulate/(?!.*\\.schema\\.ts$)'
const CALENDAR = '^model/calendar/'
const SCHEMAS = '^model/.*\\.schema\\.ts$'
const CONTRACT = '^workflows/(backfill-)?contract\\.ts$'
const TYPES = ['type-only']

/** Only the named paths of this repository may be imported by value (types may come from `types` too). */
const room = (name, from, allowed, types = []) => ({
  name,
  severity: 'error',
  comment: `see DESIGN §4: the row of ${name}`,
  from: { path: from, pathNot: TESTS },
  to: { path: `^(${ROOMS.join('|')})/`, pathNot: [...allowed], dependencyTypesNot: types.length > 0 ? TYPES : [] },
})

/** Type-only imports are free of run time, but still only from the named rooms. */
const types = (name, from, allowed) => ({
  name: `${name}-types`,
  severity: 'error',
  comment: `see DESIGN §4: types for ${name}`,
  from: { path: from, pathNot: TESTS },
  to: { path: `^(${ROOMS.join('|')})/`, pathNot: [...allowed], dependencyTypes: TYPES },
})

/** Of packages and Node's own modules, a pure room may import these by value. */
const packages = (name, from, allowed) => ({
  name: `${name}-packages`,
  severity: 'error',
  comment: `see DESIGN §4: libraries of ${name}`,
  from: { path: from, pathNot: TESTS },
  to: { pathNot: [`^(${ROOMS.join('|')})/`, ...allowed], dependencyTypesNot: TYPES },
})

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: TYPES } } },
    { name: 'not-found', severity: 'error', from: {}, to: { couldNotResolve: true } },
    room('model', MODEL, [MODEL]),
    packages('model', MODEL, []),
    room('calendar', CALENDAR, [MODEL, CALENDAR]),
    packages('calendar', CALENDAR, ['node_modules/temporal-polyfill/']),
    room('simulate', SIMULATE, [MODEL, CALENDAR, SIMULATE]),
    packages('simulate', SIMULATE, []),
    room('schemas', SCHEMAS, ['^model/']),
    packages('schemas', SCHEMAS, ['node_modules/zod/']),
    room('workflows', '^workflows/(?!(backfill-)?contract\\.ts$)', [MODEL, '^workflows/'], ['activities']),
    types('workflows', '^workflows/(?!(backfill-)?contract\\.ts$)', ['^model/', '^workflows/', '^activities/']),
    packages('workflows', '^workflows/', ['node_modules/@temporalio/workflow/', 'node_modules/@temporalio/common/']),
    room('contract', CONTRACT, [MODEL, CONTRACT]),
    room('clients', '^clients/', ['^model/', '^clients/']),
    room('mirror', '^mirror/', ['^model/', '^clients/', '^mirror/']),
    room('catalog', '^catalog/', ['^model/', '^clients/', '^catalog/']),
    room('activities', '^activities/', ['^model/', '^clients/', '^mirror/', '^catalog/', CONTRACT, '^activities/']),
    room('bridge', '^bridge/', ['^model/', CONTRACT, '^catalog/', '^mirror/', '^clients/', '^bridge/']),
    room('verify', '^verify/', ['^(model|mirror|catalog|clients|verify)/', CONTRACT]),
    room('web', '^web/', ['^model/', '^catalog/', '^mirror/', CONTRACT, '^clients/', '^web/']),
    room('cli', '^cli/(?!dev|demo)', [
      '^model/',
      '^catalog/',
      '^mirror/',
      CONTRACT,
      '^clients/',
      '^cli/',
      '^verify/',
      '^sandbox/stacks\\.ts$',
      // What `external test` says is what the bridge decides. Neither reads a queue.
      '^bridge/(parse|sort-out)\\.ts$',
    ]),
    // The only commands that start the local stack. Every other one just reads which stacks are there.
    room('cli-dev', '^cli/(dev|demo)', [
      '^model/',
      '^catalog/',
      '^mirror/',
      CONTRACT,
      '^clients/',
      '^cli/',
      '^sandbox/',
      '^examples/',
      // What needs no CDK: the app itself runs as a child process.
      '^infra/(plan|read-plan|events|example)\\.ts$',
    ]),
    room('workers', '^workers/', ['^(model|catalog|bridge|workflows|activities|workers|mirror|clients|web)/']),
    // Measures the whole from outside: starts the local stack, reads what roles wrote; `bridge` for what routing costs alone.
    room('bench', '^bench/(?!floor/)', [
      '^model/',
      '^catalog/',
      '^bridge/',
      CONTRACT,
      '^clients/',
      '^cli/',
      '^sandbox/',
      '^infra/events\\.ts$',
      '^bench/',
    ]),
    room('bench-floor', '^bench/floor/', ['^sandbox/', '^bench/']),
    room('infra', '^infra/', ['^model/', '^catalog/', '^clients/', '^infra/']),
    room('sandbox', '^sandbox/', ['^sandbox/']),
    room('examples', '^examples/', ['^examples/']),
    {
      name: 'not-to-test',
      severity: 'error',
      from: { pathNot: `^test/|^vitest|${TESTS}` },
      to: { path: `^test/|${TESTS}` },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.sluice)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
