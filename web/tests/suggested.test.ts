import { expect, test } from 'vitest'
import type { DetectedField } from '../src/api/loki'
import { durationOf, questionsAbout } from '../src/logs/suggested'

const field = (label: string, type = 'string', parsers: string[] | null = ['json']): DetectedField => ({
  label,
  type,
  cardinality: 3,
  parsers,
})

const p95 = (samples: string) => `quantile_over_time(0.95, {a="b"}${samples} | __error__="" [5m]) by (service_name)`

test.each([
  [field('duration_ms', 'float'), ' | json | unwrap duration_ms', 'ms'],
  [field('took', 'duration', ['logfmt']), ' | logfmt | unwrap duration(took)', 's'],
  [field('http_request_duration_seconds', 'float', null), ' | unwrap http_request_duration_seconds', 's'],
  [field('db_latency_us', 'int'), ' | json | unwrap db_latency_us', 'µs'],
  [field('dur', 'int', ['json', 'logfmt']), ' | json | unwrap dur', 'short'],
])('how long it takes is told by %o', (told, samples, unit) => {
  const found = durationOf('{a="b"}', [field('status', 'int'), told])
  expect(found?.query).toBe(p95(samples))
  expect(found?.unit).toBe(unit)
})

test.each([field('status', 'int'), field('duration'), field('production', 'int')])('and not by %o', other => {
  expect(durationOf('{a="b"}', [other])).toBeNull()
})

test('what the errors say is asked under the name that lines have for it', () => {
  const asked = questionsAbout('{a="b"}', [field('error'), field('msg', 'string', ['logfmt'])])
  expect(asked.map(({ query }) => query)).toContain(
    '{a="b"} | detected_level=~"error|critical|fatal" | logfmt | msg != "" | stats count() as n by (msg) | sort by n desc',
  )
})

test('nothing is asked about fields that no line has', () => {
  const asked = questionsAbout('{a="b"}', [])
  expect(asked.map(({ name }) => name)).toEqual(['Errors of every service', 'Errors per minute, by service'])
})
