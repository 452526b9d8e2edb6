// In: every TypeScript file that git knows or could know. Out: what STYLE.md forbids and no linter sees, by file and line; what
// the list of mutants does not find any more.
// Never: a rule that oxlint, tsc or dependency-cruiser can check.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { MUTANTS } from './mutants/mutants.ts'
import { root } from './steps.ts'

interface Rule {
  pattern: RegExp
  /** Paths the rule is about. */
  on: RegExp
  says: string
}

const rules: Rule[] = [
  { pattern: /^export \* from/, on: /./, says: 'a wildcard re-export hides what a file gives: name the exports' },
  { pattern: /new Date\(\s*\)/, on: /^model\/(?!.*\.test\.ts$)/, says: 'model/ is given the time, it does not ask' },
  {
    pattern: /expect\.poll\(/,
    on: /^test\/workflows\//,
    says: 'fails as soon as a test that runs beside it ends: wait by eventually.ts',
  },
  {
    pattern: /vi\.(do)?[mM]ock\(/,
    on: /^(?!test\/).*\.test\.ts$/,
    says: 'pure tests share their modules: hand the code what it should use instead',
  },
  { pattern: /^import .*from ['"]\.[^'"]*(?<!\.(ts|json|mjs))['"]/, on: /./, says: 'relative imports carry .ts' },
]
const noRoom = /(^|\/)(utils?|helpers?|common|misc|shared)(\/|\.ts$|-)/

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], { cwd: root })
  .toString()
  .split('\n')
  .filter((file) => file !== '' && !file.startsWith('test/house-rules'))

const problems = [
  ...files.flatMap((file) => [
    ...(noRoom.test(file) ? [`${file}: a name that says nothing; name it after its concept`] : []),
    ...linesOf(file).flatMap((line, index) => problemsIn(file, line, index + 1)),
  ]),
  ...unexplainedDependencies(),
  ...driftedMutants(),
]

for (const problem of problems) console.log(problem)
console.log(`${files.length} files read`)
process.exitCode = problems.length > 0 ? 1 : 0

function linesOf(file: string): string[] {
  try {
    return readFileSync(path.join(root, file), 'utf8').split('\n')
  } catch {
    // Deleted in the checkout, not yet in git.
    return []
  }
}

function problemsIn(file: string, line: string, number: number): string[] {
  return rules
    .filter((rule) => rule.on.test(file) && rule.pattern.test(line))
    .map((rule) => `${file}:${number}: ${rule.says}`)
}

/** The fences that `npm run test:mutants` takes away stand where it looks for them. */
function driftedMutants(): string[] {
  const edits = MUTANTS.flatMap(({ name, edits }) => edits.map((edit) => ({ name, ...edit })))
  return edits.flatMap(({ name, file, find }) => {
    const times = linesOf(file).join('\n').split(find).length - 1
    return times === 1 ? [] : [`${file}: what mutant "${name}" replaces stands there ${times} times, not once`]
  })
}

/** Each runtime dependency has its reason in docs/decisions/dependencies.md, and an exact version. */
function unexplainedDependencies(): string[] {
  const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const page = 'docs/decisions/dependencies.md'
  const reasons = readFileSync(path.join(root, page), 'utf8')
  return Object.entries(dependencies).flatMap(([name, version]) => [
    ...(reasons.includes(`\`${name}\``) ? [] : [`package.json: ${name} has no reason in ${page}`]),
    ...(/^\d/.test(version) ? [] : [`package.json: ${name} is not pinned exactly (${version})`]),
  ])
}
