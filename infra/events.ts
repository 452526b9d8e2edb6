// Names and patterns of the buses. In: a domain. Out: what rules match and stacks are called.
// Never: a name that the roles do not know; queues and buses of a domain are named by clients/.
export const CENTRAL_BUS = 'sluice-central'

export const DETAIL_TYPES = ['Data Product Refreshed', 'Data Product Not Refreshed']

/** Source prefix and detail-type only: what is relevant, the bridge decides. */
export const REFRESH_PATTERN = { source: [{ prefix: 'dataproduct.' }], 'detail-type': DETAIL_TYPES }

export const GLUE_PATTERN = { source: ['aws.glue'], 'detail-type': ['Glue Job State Change'] }

export const toBusArn = (region: string, account: string, bus: string): string =>
  `arn:aws:events:${region}:${account}:event-bus/${bus}`

export const toRoleName = (domain: string, role: 'bridge' | 'worker' | 'jobs' | 'forward'): string =>
  `sluice-${domain}-${role}`
