// Names of the checks that other checks look at. In: a domain, for its own. Out: what doctor calls them.
// Never: such a name written elsewhere, where it would go on asking for one that was renamed.
export const CHECKS = {
  postgres: 'PostgreSQL',
  temporal: 'Temporal',
  aws: 'central bus',
  bridgeOf: (domain: string) => `${domain}: bridge`,
  workerOf: (domain: string) => `${domain}: worker`,
} as const
