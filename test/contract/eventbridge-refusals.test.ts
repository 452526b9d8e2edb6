// What EventBridge refuses as a pattern, with its error code and its matcher's reason; and as an event to test one with.
import { PutRuleCommand } from '@aws-sdk/client-eventbridge'
import { expect } from 'vitest'
import { type Claim, putClaims } from './claim.ts'
import { askPattern, isMatch, nameNew, toEvents } from './eventbridge-client.ts'
import { readStage } from './unput.ts'

const compiler = 'ruler: JsonRuleCompiler'
const numbers = 'ruler: ComparableNumber'

type Row = [id: string, what: string, source: string, pattern: string, reason: string]

const leaf = (matcher: string) => `{"source": [${matcher}]}`

const refused: Row[] = [
  ['eb-101', 'text that is not JSON', 'model: eventbridge InvalidEventPatternException', '{', 'Reason'],
  ['eb-102', 'JSON that is not an object', compiler, '[]', 'Filter is not an object'],
  ['eb-103', 'an empty object', compiler, '{}', 'Empty objects are not allowed'],
  ['eb-104', 'an empty object within', compiler, '{"detail": {}}', 'Empty objects are not allowed'],
  ['eb-105', 'a leaf that is not an array', compiler, '{"source": "s"}', '"source" must be an object or an array'],
  ['eb-106', 'an empty array', compiler, '{"source": []}', 'Empty arrays are not allowed'],
  ['eb-107', 'an array within an array', compiler, leaf('["s"]'), 'Match value must be String, number'],
  ['eb-108', 'an operator that it does not know', compiler, leaf('{"like": "s"}'), 'Unrecognized match type like'],
  ['eb-109', 'two operators in one object', compiler, leaf('{"prefix": "a", "suffix": "b"}'), 'Only one key allowed'],
  ['eb-110', 'exists that is not a boolean', compiler, leaf('{"exists": "true"}'), 'must be either true or false'],
  ['eb-111', 'prefix of a number', compiler, leaf('{"prefix": 1}'), 'prefix match pattern must be a string'],
  ['eb-112', 'suffix of null', compiler, leaf('{"suffix": null}'), 'suffix match pattern must be a string'],
  ['eb-113', 'equals-ignore-case of a number', compiler, leaf('{"equals-ignore-case": 1}'), 'must be a string'],
  ['eb-114', 'wildcard of a list', compiler, leaf('{"wildcard": ["a*"]}'), 'must be a string'],
  [
    'eb-115',
    'anything-but of text and number',
    compiler,
    leaf('{"anything-but": ["a", 1]}'),
    'mixed type is not supported',
  ],
  ['eb-116', 'anything-but of nothing', compiler, leaf('{"anything-but": []}'), 'Empty arrays are not allowed'],
  [
    'eb-117',
    'anything-but an empty prefix',
    compiler,
    leaf('{"anything-but": {"prefix": ""}}'),
    'Null prefix not allowed',
  ],
  ['eb-118', 'anything-but of cidr', compiler, leaf('{"anything-but": {"cidr": "10.0.0.0/8"}}'), 'cidr'],
  ['eb-119', 'anything-but of numeric', compiler, leaf('{"anything-but": {"numeric": ["=", 1]}}'), 'numeric'],
  ['eb-120', 'numeric that is no array', compiler, leaf('{"numeric": 1}'), 'Value of numeric must be an array'],
  ['eb-121', 'numeric of nothing', compiler, leaf('{"numeric": []}'), 'Invalid member in numeric match'],
  [
    'eb-122',
    'numeric with an unknown operator',
    compiler,
    leaf('{"numeric": ["~", 1]}'),
    'Unrecognized numeric range operator',
  ],
  ['eb-123', 'numeric with a text', compiler, leaf('{"numeric": ["=", "1"]}'), 'Value of = must be numeric'],
  ['eb-124', 'numeric without its number', compiler, leaf('{"numeric": ["<"]}'), 'must be numeric'],
  ['eb-125', 'a range upside down', compiler, leaf('{"numeric": [">", 5, "<", 1]}'), 'Bottom must be less than top'],
  ['eb-126', 'a range from above', compiler, leaf('{"numeric": ["<", 5, ">", 1]}'), 'numeric range'],
  [
    'eb-127',
    'a range of two lower bounds',
    compiler,
    leaf('{"numeric": [">", 1, ">", 5]}'),
    'Bad numeric range operator',
  ],
  ['eb-128', 'a range of three bounds', compiler, leaf('{"numeric": [">", 1, "<", 5, "<", 6]}'), 'Too many terms'],
  ['eb-129', 'numeric beyond 5.0e9', numbers, leaf('{"numeric": [">", 6000000000]}'), 'between -5.0E9 and 5.0E9'],
  ['eb-130', 'numeric below -5.0e9', numbers, leaf('{"numeric": ["<", -6e9]}'), 'between -5.0E9 and 5.0E9'],
  ['eb-131', 'cidr with too many mask bits', 'ruler: CIDR', leaf('{"cidr": "10.0.0.0/33"}'), 'CIDR'],
  ['eb-132', 'cidr without mask bits', 'ruler: CIDR', leaf('{"cidr": "10.0.0.0"}'), 'Malformed CIDR'],
  ['eb-133', 'cidr of no address', 'ruler: CIDR', leaf('{"cidr": "ten/8"}'), 'CIDR'],
  ['eb-134', 'cidr of IPv6 with too many mask bits', 'ruler: CIDR', leaf('{"cidr": "2001:db8::/129"}'), 'CIDR'],
  [
    'eb-135',
    'two stars in a row',
    'ruler: README',
    leaf('{"wildcard": "a**b"}'),
    'Consecutive wildcard characters at pos 1',
  ],
  [
    'eb-136',
    'a backslash before an ordinary letter',
    'ruler: README',
    leaf('{"wildcard": "a\\\\b"}'),
    'Invalid escape character',
  ],
  ['eb-137', 'a backslash at the end', 'ruler: README', leaf('{"wildcard": "a\\\\"}'), 'Invalid escape character'],
  [
    'eb-138',
    'two stars in a row within anything-but',
    'ruler: README',
    leaf('{"anything-but": {"wildcard": "**"}}'),
    'Consecutive',
  ],
  ['eb-139', '$or with one alternative', 'ruler: README', '{"$or": [{"source": ["s"]}]}', 'Reason'],
  ['eb-140', '$or with something that is no object', 'ruler: README', '{"$or": [{"source": ["s"]}, "t"]}', 'Reason'],
  ['eb-141', '$or with an empty alternative', 'ruler: README', '{"$or": [{"source": ["s"]}, {}]}', 'Empty objects'],
  ['eb-145', '$or of an object', compiler, '{"$or": {"source": ["s"]}}', 'must be an Array'],
  ['eb-146', '$or of texts', compiler, '{"$or": ["s", "t"]}', 'Only JSON object is allowed'],
  ['eb-147', 'one operator twice in one object', compiler, leaf('{"prefix": "a", "prefix": "b"}'), 'Only one key'],
  ['eb-148', 'cidr of a whole IPv4 address', 'ruler: CIDR', leaf('{"cidr": "10.0.0.1/32"}'), 'must be < 32'],
  ['eb-149', 'cidr of a whole IPv6 address', 'ruler: CIDR', leaf('{"cidr": "::1/128"}'), 'must be < 128'],
  [
    'eb-158',
    'numeric that only the limit meets',
    'ruler: Range',
    leaf('{"numeric": [">=", 5000000000]}'),
    'Bottom must be',
  ],
  [
    'eb-159',
    'a range whose bounds are one by six digits',
    'ruler: 1.7.3, run',
    leaf('{"numeric": [">=", 1, "<", 1.0000001]}'),
    'Reason',
  ],
  ['eb-142', 'a pattern of more than 2,048 characters', 'eb-quota', leaf(`"${'x'.repeat(2048)}"`), 'Reason'],
]

/** The refusal is what the error says it is; one of a target that judges no pattern is no refusal. */
async function expectRefused(asked: Promise<unknown>, error: object): Promise<void> {
  const cause: unknown = await asked.then(
    () => 'accepted',
    (refusal: unknown) => refusal,
  )
  if (readStage(cause) !== undefined) throw cause
  expect(cause).toMatchObject(error)
}

const toClaim = ([id, what, source, pattern, reason]: Row): Claim => ({
  id,
  says: `a pattern is refused: ${what}`,
  source,
  async holds(target) {
    const error = { name: 'InvalidEventPatternException', message: expect.stringContaining(reason) }
    const valid = { id: '1', account: '1', source: 's', time: 't', region: 'r', resources: [], 'detail-type': 't' }
    await expectRefused(askPattern(target, pattern, JSON.stringify(valid)), error)
  },
})

const whole = { id: '1', account: '1', source: 's', time: 't', region: 'r', resources: [], 'detail-type': 't' }

const compulsory = Object.keys(whole).map(
  (name, index): Claim => ({
    id: `eb-${151 + index}`,
    says: `an event to test a pattern with needs the field ${name}`,
    source: 'model: eventbridge TestEventPatternRequest',
    async holds(target) {
      const event = JSON.stringify({ ...whole, [name]: undefined })
      await expectRefused(askPattern(target, { source: ['s'] }, event), { name: 'ValidationException' })
    },
  }),
)

const others: Claim[] = [
  {
    id: 'eb-143',
    says: 'a pattern has at most 1,000 combinations of $or',
    source: 'eb-create-pattern-operators',
    async holds(target) {
      const ten = (letter: string) => Array.from({ length: 10 }, (_, index) => ({ [letter]: [index] }))
      const three = { a: { $or: ten('x') }, b: { $or: ten('x') }, c: { $or: ten('x') } }
      expect(await isMatch(target, { detail: three }, { detail: { a: { x: 1 }, b: { x: 2 }, c: { x: 9 } } })).toBe(true)
      const four = { ...three, d: { $or: ten('x').slice(0, 2) } }
      await expect(isMatch(target, { detail: four }, {})).rejects.toMatchObject({
        name: 'InvalidEventPatternException',
      })
    },
  },
  {
    id: 'eb-144',
    says: 'a rule is refused for what TestEventPattern refuses',
    source: 'model: eventbridge PutRule',
    async holds(target) {
      const put = new PutRuleCommand({ Name: nameNew(target), EventPattern: '{"source": []}' })
      await expect(toEvents(target).send(put)).rejects.toMatchObject({ name: 'InvalidEventPatternException' })
    },
  },
  {
    id: 'eb-150',
    says: 'an event to test a pattern with must be JSON',
    source: 'model: eventbridge TestEventPatternRequest',
    async holds(target) {
      await expectRefused(askPattern(target, { source: ['s'] }, '{'), { name: 'ValidationException' })
    },
  },
]

putClaims([...refused.map(toClaim), ...others, ...compulsory])
