import { afterEach, expect, test, vi } from 'vitest'
import { describeRange, parseMoment, resolveRange } from '../src/time/range'
import { setZone } from '../src/time/zone'

// Clocks go forward on 2026-03-29 and back on 2026-10-25; 2026-01-01 is a Thursday.
vi.stubEnv('TZ', 'Europe/Berlin')

const at = (text: string) => Date.parse(text)
const iso = (moment: number | null) => (moment === null ? null : new Date(moment).toISOString().replace('.000Z', 'Z'))
const range = (from: string, to: string, now: string) => {
  const { start, end } = resolveRange({ from, to }, at(now))
  return [iso(start), iso(end)]
}

afterEach(() => setZone('local'))

test.each([
  ['today', 'now/d', 'now/d', '2026-06-10T10:20:30Z', '2026-06-09T22:00:00Z', '2026-06-10T22:00:00Z'],
  ['today so far', 'now/d', 'now', '2026-06-10T10:20:30Z', '2026-06-09T22:00:00Z', '2026-06-10T10:20:30Z'],
  ['yesterday', 'now-1d/d', 'now-1d/d', '2026-06-10T10:20:30Z', '2026-06-08T22:00:00Z', '2026-06-09T22:00:00Z'],
  ['a day of 23 hours', 'now/d', 'now/d', '2026-03-29T13:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  ['it, yesterday', 'now-1d/d', 'now-1d/d', '2026-03-29T22:30:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  ['a day of 25 hours', 'now/d', 'now/d', '2026-10-25T13:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
  ['this week', 'now/w', 'now/w', '2026-06-10T10:20:30Z', '2026-06-07T22:00:00Z', '2026-06-14T22:00:00Z'],
  ['last month', 'now-1M/M', 'now-1M/M', '2026-03-31T10:00:00Z', '2026-01-31T23:00:00Z', '2026-02-28T23:00:00Z'],
  ['this year', 'now/y', 'now/y', '2026-06-10T10:20:30Z', '2025-12-31T23:00:00Z', '2026-12-31T23:00:00Z'],
  ['this hour', 'now/h', 'now/h', '2026-06-10T10:20:30Z', '2026-06-10T10:00:00Z', '2026-06-10T11:00:00Z'],
  ['the hour before', 'now-1h/h', 'now/h', '2026-06-10T10:20:30Z', '2026-06-10T09:00:00Z', '2026-06-10T11:00:00Z'],
  ['a day since', 'now-2d/d', 'now-6h', '2026-06-10T10:20:30Z', '2026-06-07T22:00:00Z', '2026-06-10T04:20:30Z'],
  ['what is to come', 'now-1h', 'now+2h', '2026-06-10T10:00:00Z', '2026-06-10T09:00:00Z', '2026-06-10T12:00:00Z'],
])('%s', (_, from, to, now, start, end) => {
  expect(range(from, to, now)).toEqual([start, end])
})

test('days of UTC', () => {
  setZone('utc')
  expect(range('now/d', 'now/d', '2026-03-29T13:00:00Z')).toEqual(['2026-03-29T00:00:00Z', '2026-03-30T00:00:00Z'])
})

test.each([
  ['one', '2026-06-10', '2026-06-10', '2026-06-09T22:00:00Z', '2026-06-10T22:00:00Z'],
  ['several', ' 2026-06-08', '2026-06-10 ', '2026-06-07T22:00:00Z', '2026-06-10T22:00:00Z'],
  ['one of 23 hours', '2026-03-29', '2026-03-29', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  ['one of 25 hours', '2026-10-25', '2026-10-25', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
  ['up to a time', '2026-06-08', '2026-06-10 00:00', '2026-06-07T22:00:00Z', '2026-06-09T22:00:00Z'],
])('days by their dates: %s', (_, from, to, start, end) => {
  expect(range(from, to, '2026-11-28T10:00:00Z')).toEqual([start, end])
})

test('days of UTC by their dates', () => {
  setZone('utc')
  expect(range('2026-06-10', '2026-06-10', '2026-11-28T10:00:00Z')).toEqual([
    '2026-06-10T00:00:00Z',
    '2026-06-11T00:00:00Z',
  ])
})

test('moments as they are written', () => {
  expect(iso(parseMoment('2026-03-29', 0))).toBe('2026-03-28T23:00:00Z')
  expect(iso(parseMoment('2026-03-29 03:00:00', 0))).toBe('2026-03-29T01:00:00Z')
  expect(iso(parseMoment('2026-03-29T03:00:00Z', 0))).toBe('2026-03-29T03:00:00Z')
  expect(iso(parseMoment('1770000000', 0))).toBe('2026-02-02T02:40:00Z')
  for (const none of ['', 'yesterday', 'now-', 'now-5x', 'now+', 'now+5x', 'now/q', '2026-13-01'])
    expect(parseMoment(none, 0)).toBeNull()
})

test('a range of one quick choice has its name', () => {
  expect(describeRange({ from: 'now-1h', to: 'now' })).toBe('Last hour')
  expect(describeRange({ from: 'now-1d/d', to: 'now-1d/d' })).toBe('Yesterday')
  expect(describeRange({ from: 'now/d', to: 'now/d' })).toBe('now/d to now/d')
  expect(describeRange({ from: '1770000000000', to: 'now' })).toBe('2026-02-02 03:40:00 to now')
})

test('of a range that can not be read it is said what is looked at', () => {
  vi.useFakeTimers({ now: at('2026-06-10T10:00:00Z') })
  for (const from of ['garbage', '-5', 'now-5x'])
    expect(describeRange({ from, to: 'now' })).toBe('2026-06-10 11:00:00 – 12:00:00')
  vi.useRealTimers()
})
