import { expect, test } from 'vitest'
import { linesBehind } from '../src/alerts/behind'
import type { Rule } from '../src/api/prometheus'

const ACTIVE = '2026-06-10T10:00:00.000Z'
const MINUTE = 60_000

function behind(rule: Partial<Rule>, labels: Record<string, string> = {}, others: Partial<Rule>[] = []) {
  const whole = (each: Partial<Rule>): Rule => ({ name: '', query: '', type: 'alerting', ...each })
  const alert = { labels: { alertname: 'A', ...labels }, annotations: {}, state: 'firing' as const, activeAt: ACTIVE }
  return linesBehind(whole(rule), alert, others.map(whole))
}

test.each([
  ['sum by (app) (rate({app=~".+"} |= "x" [5m])) > 1', { app: 'a"b' }, '{app="a\\"b"} |= "x"'],
  ['sum by (path) (rate({app="a"} | json [5m])) > 1', { path: '/a' }, '{app="a"} | json | path="/a"'],
  ['rate({app="a"}[5m]) > 1', { app: 'a' }, '{app="a"}'],
  ['max_over_time({a="b"} | json | unwrap ms | __error__="" [1m]) by (c) > 5', { c: 'd' }, '{a="b"} | json | c="d"'],
  ['sum(rate({a="b"} |= "x"[5m])) / sum(rate({a="b"}[5m])) > 1', {}, '{a="b"} |= "x"'],
  ['label_replace(rate({a="b"}[5m]), "c", "$1", "a", "(.*)") > 1', { a: 'b', c: 'b' }, '{a="b"}'],
  ['sum by (app) (rate({a="b"}[5m])) > 1', { app: '' }, '{a="b"}'],
])('the lines behind %s', (query, labels, lines) => {
  expect(behind({ query, labels: { severity: 'page' } }, { ...labels, severity: 'page' })?.query).toBe(lines)
})

test('lines begin some minutes before those that were counted', () => {
  const from = (query: string) => (Date.parse(ACTIVE) - behind({ query })!.from) / MINUTE
  expect(from('rate({a="b"}[5m]) > 1')).toBe(10)
  expect(from('rate({a="b"}[1h]) - rate({a="b"}[5m]) > 1')).toBe(65)
})

test('what rules record leads to what they counted', () => {
  const recording = { type: 'recording', labels: { team: 'ops' } } as const
  const rules = [
    { ...recording, name: 'app:lines', query: 'sum by (app) (rate({app=~".+"}[5m]))' },
    { ...recording, name: 'app:errors', query: 'sum by (app) (rate({app=~".+"} |= "error" [5m]))' },
    { ...recording, name: 'app:share', query: 'app:errors / app:lines', over: 'series' as const },
  ]
  const labels = { app: 'shop', team: 'ops' }
  const found = behind({ query: 'app:share{x="app:lines"} > 0.1', over: 'series' }, labels, rules)
  expect(found?.query).toBe('{app="shop"} |= "error"')
})

test('nothing is known of what counts no lines', () => {
  expect(behind({ query: 'vector(1) > 0' })).toBeNull()
  expect(behind({ query: 'app:gone{app="shop"} > 0', over: 'series' })).toBeNull()
  const circle = { name: 'a:b', query: 'a:b > 0', over: 'series', type: 'recording' } as const
  expect(behind(circle, {}, [circle])).toBeNull()
})
