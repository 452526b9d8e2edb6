// In: the document of an external and the defaults of its domain. Out: the definition, its events in one form.
// Never: an event that the grammar did not let through.
import type { DomainDefinition, ExternalDefinition, ExternalMapping } from '../model/definition.ts'
import type { ExternalFile } from '../model/external-file.schema.ts'
import type { ProductId } from '../model/ids.ts'
import { everyOf } from './resolve.ts'

export function toExternalDefinition(file: ExternalFile, domain: DomainDefinition): ExternalDefinition {
  const every = everyOf(file)
  if (!every) throw new RangeError(`"${file.every}" passed the schema and says not how often.`)
  return {
    product: file.external as ProductId,
    description: file.description ?? '',
    every,
    calendar: file.calendar ?? domain.calendar,
    timezone: file.timezone ?? domain.timezone,
    ...(file.onNonBusinessDay ? { onNonBusinessDay: file.onNonBusinessDay } : {}),
    mappings: file.from.flatMap(toMappings),
  }
}

function toMappings({ s3, glue, event, account }: ExternalFile['from'][number]): ExternalMapping[] {
  const by = account === undefined ? {} : { account }
  if (s3) {
    const where = { 'detail.bucket.name': s3.bucket, 'detail.object.key': s3.key }
    const location = `s3://${s3.bucket}/{detail.object.key}`
    return [
      { source: 'aws.s3', detailType: 'Object Created', ...by, where, cycle: s3.cycle ?? cycleIn(s3.key), location },
    ]
  }
  if (glue) {
    return glue.states.map((state) => ({
      ...{ source: 'aws.glue', detailType: 'Glue Job State Change', ...by, cycle: glue.cycle },
      where: { 'detail.jobName': glue.job, 'detail.state': state },
    }))
  }
  if (!event) return []
  const { source, detailType, where, cycle, revision, location } = event
  const more = { ...(revision === undefined ? {} : { revision }), ...(location === undefined ? {} : { location }) }
  return [{ source, detailType, ...by, where, cycle, ...more }]
}

const cycleIn = (key: string): string => (key.includes('{cycle}') ? '{cycle}' : '{date}')
