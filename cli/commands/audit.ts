// `sluice audit`: who did what, when and why.
import { Command, Option } from '@commander-js/extra-typings'
import { AUDIT_ACTIONS } from '../audit-words.ts'
import { parseFrom, parseTo } from '../event-times.ts'
import { outputOption, parseCount, parseCycle, stackOption } from '../options.ts'

const HELP = `
Actions on cycles and products, refused ones too, and every apply, newest first. "unverified": the actor named himself, and no
login proved it. Before and after: state (step), revision, attempt, held; of an apply the versions of what it changed. What an older
Sluice wrote has no before and after. With the login of a domain only its own actions are seen, and of applies
what it may see of them.

JSON is an array of { kind: "action", at, domain, action, subject, actor, actorVerified, reason, outcome, refusedBecause,
fromVersion, toVersion, asked, before, after, requestId } and { kind: "apply", at, catalogVersion, actor, reason, gitSha,
changes: [{ kind, name, from, to, before, after }] }, where before and after are the definitions.

Exit code 0 also when nothing is found; 1 for a domain or product that is not known.

Examples:
  sluice audit
  sluice audit --cycle d1/ds3/2026-11-20
  sluice audit --domain d1 --action rerun skip --since 2026-11-20
  sluice audit --actor ann --refused -o json`

export const createAuditCommand = () =>
  new Command('audit')
    .description('List who did what, when and why, with before and after')
    .option('--cycle <cycle>', 'only what was asked of this cycle', parseCycle)
    .option('--product <product>', 'only products like this, such as d1/ds3 or d1/*')
    .option('--domain <domain>', 'only this domain')
    .option('--actor <who>', 'only what this person did')
    .addOption(new Option('--action <action...>', 'only these').choices(AUDIT_ACTIONS))
    .option('--refused', 'only what was refused', false)
    .option('--since <time>', 'then or later: a UTC date or an instant', parseFrom)
    .option('--until <time>', 'before this instant, or on this UTC date or earlier', parseTo)
    .option('--limit <n>', 'how many, newest first', parseCount, 50)
    .addOption(stackOption())
    .addOption(outputOption())
    .addHelpText('after', HELP)
    .action(async (options) => {
      const { audit } = await import('../audit-list.ts')
      process.exitCode = await audit(options)
    })
