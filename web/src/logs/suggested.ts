// Queries to offer over lines that nobody asked about yet: by the fields that they have, under the names that they have there.

import type { DetectedField } from '../api/loki'
import type { Unit } from '../charts/units'
import { ERRORS } from './levels'

/** What lines call what they say; those before others. */
const MESSAGES = ['message', 'msg', 'error', 'err', 'exception_type', 'event', 'reason']

const DURATION = /(^|_)(duration|dur|latency|elapsed|took|response_time|request_time|time_taken)(_|$)/i
const AMOUNTS = ['duration', 'int', 'float']

const UNITS: readonly (readonly [RegExp, Unit])[] = [
  [/_(ms|msec|millis|milliseconds)$/i, 'ms'],
  [/_(s|sec|secs|seconds)$/i, 's'],
  [/_(us|micros|microseconds)$/i, 'µs'],
  [/_(ns|nanos|nanoseconds)$/i, 'ns'],
]

export interface Suggested {
  name: string
  query: string
}

/** What can be asked of the lines that `selector` selects and that have these fields. */
export function questionsAbout(selector: string, fields: readonly DetectedField[]): Suggested[] {
  const questions = [
    { name: 'Errors of every service', query: `${selector} | ${ERRORS}` },
    {
      name: 'Errors per minute, by service',
      query: `sum by (service_name) (count_over_time(${selector} | ${ERRORS} [1m]))`,
    },
  ]
  const message = MESSAGES.map(name => fields.find(({ label }) => label === name)).find(found => found)
  if (message) {
    const lines = `${selector} | ${ERRORS}${parsing(message)} | ${message.label} != ""`
    const query = `${lines} | stats count() as n by (${message.label}) | sort by n desc`
    questions.push({ name: 'What the errors say', query })
  }
  const duration = durationOf(selector, fields)
  if (duration) questions.push({ name: 'How long requests take, 95th percentile', query: duration.query })
  return questions
}

/** The 95th percentile by service of how long what the lines tell about took, if they tell it, and its unit. */
export function durationOf(selector: string, fields: readonly DetectedField[]): (Suggested & { unit: Unit }) | null {
  const field = fields.find(({ label, type }) => AMOUNTS.includes(type) && DURATION.test(label))
  if (!field) return null
  const { label, type } = field
  const amount = type === 'duration' ? `duration(${label})` : label
  const samples = `${selector}${parsing(field)} | unwrap ${amount} | __error__="" [5m]`
  return {
    name: 'Duration, 95th percentile',
    query: `quantile_over_time(0.95, ${samples}) by (service_name)`,
    unit: type === 'duration' ? 's' : (UNITS.find(([ending]) => ending.test(label))?.[1] ?? 'short'),
  }
}

/** The stage that reads the field out of the line; none for what came beside it. */
function parsing({ parsers }: DetectedField): string {
  return parsers?.length ? ` | ${parsers[0]}` : ''
}
