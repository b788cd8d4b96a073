import { expect, test } from 'vitest'
import { lanesOf } from '../src/alerts/firings'
import type { Change, ChangedTo } from '../src/api/alerting'

const at = (state: ChangedTo, seconds: number, app = 'shop'): Change => ({
  file: 'rules.yaml',
  group: 'shop',
  rule: 'Errors',
  labels: { alertname: 'Errors', app },
  state,
  at: new Date(seconds * 1000).toISOString(),
  value: '3e+00',
})

const spans = (lane: { spans: { state: string; start: number; end: number }[] }) =>
  lane.spans.map(({ state, start, end }) => [state, start / 1000, end / 1000])

test('changes become spans', () => {
  const past = {
    changes: [at('resolved', 60), at('firing', 40), at('pending', 20)],
    at_start: [],
    cut_short: false,
  }
  const [lane] = lanesOf(past, { start: 0, end: 100_000 }, 200_000)
  expect(spans(lane!)).toEqual([
    ['pending', 20, 40],
    ['firing', 40, 60],
  ])
  expect(lane!.fired).toBe(20_000)
  expect(lane!.name).toBe('shop')
})

test('what fired before the range begins with it, and what goes on ends now', () => {
  const past = { changes: [at('firing', 50, 'till'), at('unknown', 30)], at_start: [at('firing', 5)], cut_short: false }
  const lanes = lanesOf(past, { start: 10_000, end: 100_000 }, 80_000)
  expect(lanes.map(spans)).toEqual([[['firing', 50, 80]], [['firing', 10, 30]]])
  expect(lanes.map(lane => [lane.spans[0]!.before, lane.spans[0]!.after])).toEqual([
    [false, true],
    [true, false],
  ])
})

test('an alert that only ended is no lane', () => {
  expect(lanesOf({ changes: [at('resolved', 5)], at_start: [], cut_short: false }, { start: 0, end: 9 }, 9)).toEqual([])
})
