// The conditions of a bus policy: operators, absent keys, sets of values, and the keys that a put has.
import { putClaims } from './claim.ts'
import { type PolicyRow, toPolicyClaim } from './policy-claim.ts'

const operators = 'reference_policies_elements_condition_operators'
const sets = 'reference_policies_condition-single-vs-multi-valued-context-keys'
const busKeys = 'eb-use-conditions'

const condition = (Condition: object) => () => ({ Condition })

const rows: PolicyRow[] = [
  [
    'pol-020',
    'StringEquals of events:source',
    busKeys,
    true,
    condition({ StringEquals: { 'events:source': 'dataproduct.contract' } }),
  ],
  [
    'pol-021',
    'StringEquals of another events:source',
    busKeys,
    false,
    condition({ StringEquals: { 'events:source': 'dataproduct.other' } }),
  ],
  [
    'pol-022',
    'StringEquals of one of several texts',
    operators,
    true,
    condition({ StringEquals: { 'events:source': ['x', 'dataproduct.contract'] } }),
  ],
  [
    'pol-023',
    'StringEquals minds the case of the value',
    operators,
    false,
    condition({ StringEquals: { 'events:source': 'DataProduct.contract' } }),
  ],
  [
    'pol-024',
    'the name of a condition key is the same in any case',
    operators,
    true,
    condition({ StringEquals: { 'EVENTS:Source': 'dataproduct.contract' } }),
  ],
  [
    'pol-025',
    'StringEqualsIgnoreCase',
    operators,
    true,
    condition({ StringEqualsIgnoreCase: { 'events:source': 'DataProduct.CONTRACT' } }),
  ],
  [
    'pol-026',
    'StringNotEquals of the same',
    operators,
    false,
    condition({ StringNotEquals: { 'events:source': 'dataproduct.contract' } }),
  ],
  ['pol-027', 'StringNotEquals of another', operators, true, condition({ StringNotEquals: { 'events:source': 'x' } })],
  [
    'pol-028',
    'StringNotEquals of several: none may be it',
    operators,
    false,
    condition({ StringNotEquals: { 'events:source': ['x', 'dataproduct.contract'] } }),
  ],
  ['pol-029', 'StringLike', operators, true, condition({ StringLike: { 'events:source': 'dataproduct.*' } })],
  [
    'pol-030',
    'StringLike: ? is one character',
    operators,
    false,
    condition({ StringLike: { 'events:source': 'dataproduct.?' } }),
  ],
  ['pol-031', 'StringNotLike', operators, false, condition({ StringNotLike: { 'events:source': 'dataproduct.*' } })],
  [
    'pol-032',
    'StringNotEqualsIgnoreCase',
    operators,
    false,
    condition({ StringNotEqualsIgnoreCase: { 'events:source': 'DATAPRODUCT.contract' } }),
  ],
  [
    'pol-033',
    'StringEquals of events:detail-type',
    busKeys,
    true,
    condition({ StringEquals: { 'events:detail-type': 'Data Product Refreshed' } }),
  ],
  [
    'pol-034',
    'StringEquals of another events:detail-type',
    busKeys,
    false,
    condition({ StringEquals: { 'events:detail-type': 'Other' } }),
  ],
  [
    'pol-035',
    'events:eventBusInvocation is false for a put',
    busKeys,
    true,
    condition({ Bool: { 'events:eventBusInvocation': 'false' } }),
  ],
  [
    'pol-036',
    'events:eventBusInvocation is not true for a put',
    busKeys,
    false,
    condition({ Bool: { 'events:eventBusInvocation': 'true' } }),
  ],
  [
    'pol-037',
    'all operators of a condition must hold',
    operators,
    false,
    condition({
      StringEquals: { 'events:source': 'dataproduct.contract' },
      StringLike: { 'events:detail-type': 'x*' },
    }),
  ],
  [
    'pol-038',
    'all keys of an operator must hold',
    operators,
    false,
    condition({ StringEquals: { 'events:source': 'dataproduct.contract', 'events:detail-type': 'x' } }),
  ],
  [
    'pol-039',
    'a key that the request has not is not equal',
    operators,
    false,
    condition({ StringEquals: { 'aws:SourceVpc': 'x' } }),
  ],
  [
    'pol-040',
    'a key that the request has not is never equal: StringNotEquals holds',
    operators,
    true,
    condition({ StringNotEquals: { 'aws:SourceVpc': 'x' } }),
  ],
  [
    'pol-041',
    'IfExists holds where the key is absent',
    operators,
    true,
    condition({ StringEqualsIfExists: { 'aws:SourceVpc': 'x' } }),
  ],
  [
    'pol-042',
    'IfExists is tested where the key is there',
    operators,
    false,
    condition({ StringEqualsIfExists: { 'events:source': 'x' } }),
  ],
  ['pol-043', 'Null true wants the key absent', operators, true, condition({ Null: { 'aws:SourceVpc': 'true' } })],
  ['pol-044', 'Null true of a key that is there', operators, false, condition({ Null: { 'events:source': 'true' } })],
  ['pol-045', 'Null false wants the key there', operators, true, condition({ Null: { 'events:source': 'false' } })],
  [
    'pol-046',
    'ForAnyValue:StringEquals',
    sets,
    true,
    condition({ 'ForAnyValue:StringEquals': { 'events:source': ['x', 'dataproduct.contract'] } }),
  ],
  [
    'pol-047',
    'ForAnyValue of an absent key does not hold',
    sets,
    false,
    condition({ 'ForAnyValue:StringEquals': { 'aws:SourceVpc': 'x' } }),
  ],
  [
    'pol-048',
    'ForAllValues of an absent key holds',
    sets,
    true,
    condition({ 'ForAllValues:StringEquals': { 'aws:SourceVpc': 'x' } }),
  ],
  [
    'pol-049',
    'ForAllValues:StringEquals of another value',
    sets,
    false,
    condition({ 'ForAllValues:StringEquals': { 'events:source': 'x' } }),
  ],
  [
    'pol-050',
    'aws:PrincipalAccount is the account of the caller',
    'reference_policies_condition-keys',
    true,
    ({ otherAccount }) => ({ Condition: { StringEquals: { 'aws:PrincipalAccount': otherAccount } } }),
  ],
  [
    'pol-051',
    'aws:PrincipalAccount is not the account of the bus',
    'reference_policies_condition-keys',
    false,
    ({ account }) => ({ Condition: { StringEquals: { 'aws:PrincipalAccount': account } } }),
  ],
  [
    'pol-052',
    'aws:PrincipalOrgID of another organisation',
    'reference_policies_condition-keys',
    false,
    condition({ StringEquals: { 'aws:PrincipalOrgID': 'o-aaaaaaaaaa' } }),
  ],
  [
    'pol-053',
    'aws:SourceArn is absent from a direct put',
    'reference_policies_condition-keys',
    false,
    condition({ ArnLike: { 'aws:SourceArn': 'arn:aws:events:*:*:rule/*' } }),
  ],
]

putClaims(rows.map(toPolicyClaim))
