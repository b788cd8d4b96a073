import { expect, test } from 'vitest'
import { thresholdOf } from '../src/alerts/threshold'
import { csvOf } from '../src/charts/export'
import { sortedRows } from '../src/charts/sorting'
import { formatValue } from '../src/charts/units'
import { safeUrl } from '../src/dashboards/links'
import { rowsOf } from '../src/dashboards/model'
import { ansiSpans, withoutAnsi } from '../src/logs/ansi'
import { entriesOf } from '../src/logs/entry'
import { Heights } from '../src/logs/heights'
import { flatFields, jsonValue, prettyJson, readableFields } from '../src/logs/json'
import { markerOf, piecesOf } from '../src/logs/marking'
import { tracesOf } from '../src/signals/traces'
import { formatDuration, parseDuration } from '../src/time/duration'
import { datesNeeded, formatMoment, formatRow } from '../src/time/format'
import { parseMoment } from '../src/time/range'
import { setZone } from '../src/time/zone'

test('streams become one list in order, with levels', () => {
  const streams = [
    {
      stream: { level: 'warn' },
      values: [
        ['1000000003000000000', 'c'],
        ['1000000001000000000', 'a'],
      ],
    },
    { stream: {}, values: [['1000000002000000000', 'b', { structuredMetadata: { detected_level: 'error' } }]] },
  ] as Parameters<typeof entriesOf>[0]
  expect(entriesOf(streams, 'backward').map(entry => entry.line + entry.level)).toEqual(['cwarn', 'berror', 'awarn'])
  expect(entriesOf(streams, 'forward').map(entry => entry.line)).toEqual(['a', 'b', 'c'])
})

test('traces of lines, with the services and the heaviest level of each', () => {
  const line = (at: number, trace: string, level: string) =>
    [`${at}000000000`, '', { structuredMetadata: { trace_id: trace, detected_level: level } }] as const
  const streams = [
    { stream: { service_name: 'shop' }, values: [line(1000000009, 'b', 'info'), line(1000000001, 'a', 'info')] },
    { stream: { job: 'db' }, values: [line(1000000004, 'a', 'warn'), line(1000000000, '', 'error')] },
  ] as unknown as Parameters<typeof entriesOf>[0]
  expect(tracesOf(entriesOf(streams, 'backward'))).toEqual([
    { id: 'b', start: 1000000009000, length: 0, lines: 1, services: ['shop'], level: 'info' },
    { id: 'a', start: 1000000001000, length: 3000, lines: 2, services: ['db', 'shop'], level: 'warn' },
  ])
})

test('colour codes become classes and leave no trace', () => {
  const text = '\x1b[31;1mERROR\x1b[0m at \x1b[2mx\x1b[22m\x1b[2K!'
  expect(ansiSpans(text)).toEqual([
    { text: 'ERROR', classes: 'ansi-red ansi-bold' },
    { text: ' at ', classes: '' },
    { text: 'x', classes: 'ansi-dim' },
    { text: '!', classes: '' },
  ])
  expect(withoutAnsi(text)).toBe('ERROR at x!')
  const many = '\x1b[41;97mc\x1b[49md\x1b[0;7me\x1b[27;38;5;9mf\x1b[4:3mg\x1b[4:0;58;5;1mh\x1b[>4;2mi'
  expect(ansiSpans(many).map(span => span.text + span.classes)).toEqual([
    'cansi-on-red ansi-white',
    'dansi-white',
    'eansi-inverse',
    'fansi-red',
    'gansi-red ansi-underline',
    'hansi-red',
    'iansi-red',
  ])
  expect(withoutAnsi('\x1b]8;;https://a.example\x07a link\x1b]8;;\x1b\\.')).toBe('a link.')
})

test('colours without a name keep their numbers, and nothing but numbers', () => {
  const shown = (codes: string) => ansiSpans(`\x1b[${codes}mx`)[0]
  const text = (classes: string, colour: string) => ({ text: 'x', classes, style: { '--ansi-colour': colour } })
  expect(shown('38;5;208')).toEqual(text('ansi-any', 'rgb(255 135 0)'))
  expect(shown('38;5;16;1')).toEqual(text('ansi-any ansi-bold', 'rgb(0 0 0)'))
  expect(shown('38;5;255')).toEqual(text('ansi-any', 'rgb(238 238 238)'))
  expect(shown('38;2;1;31;4')).toEqual(text('ansi-any', 'rgb(1 31 4)'))
  expect(shown('38:2:1:31:4')).toEqual(text('ansi-any', 'rgb(1 31 4)'))
  expect(shown('38:2::1:31:4')).toEqual(text('ansi-any', 'rgb(1 31 4)'))
  expect(shown('48;2;9;8;7;38;5;231')).toEqual({
    text: 'x',
    classes: 'ansi-on-any ansi-any',
    style: { '--ansi-ground': 'rgb(9 8 7)', '--ansi-colour': 'rgb(255 255 255)' },
  })
  const none = { text: 'x', classes: '' }
  for (const codes of ['38;5;256', '38;2;1;2;256', '38;2;1;2', '38;5', '38', '38:2:1:2', '38;7;1', '38;5;20;39'])
    expect(shown(codes)).toEqual(none)
  expect(ansiSpans('\x1b[38;5;208ma\x1b[31mb').at(-1)).toEqual({ text: 'b', classes: 'ansi-red' })
})

test('numbers of JSON lines keep their digits', () => {
  const line = '{"id":12345678901234567890,"a":{"price":1.10,"n":7,"big":1e3},"text":"of 12345678901234567890"}'
  const value = jsonValue(line)!
  expect(flatFields(value)).toEqual({
    id: '12345678901234567890',
    a_price: '1.10',
    a_n: '7',
    a_big: '1e3',
    text: 'of 12345678901234567890',
  })
  expect(prettyJson(value).split('\n').slice(1, 4)).toEqual([
    '  "id": 12345678901234567890,',
    '  "a": {',
    '    "price": 1.10,',
  ])
  expect(jsonValue('{"id": 1e3')).toBeNull()
})

test('lists of JSON lines are read, and no labels', () => {
  const value = jsonValue('{"errors":["boom",{"code":1.10}],"a":{"none":null,"ids":[12345678901234567890]},"n":1}')!
  expect(readableFields(value)).toEqual({
    errors: '["boom",{"code":1.10}]',
    a_ids: '[12345678901234567890]',
    n: '1',
  })
  expect(flatFields(value)).toEqual({ n: '1' })
})

test('what was looked for is marked', () => {
  const marked = (query: string, text: string) =>
    piecesOf(text, markerOf(query))
      .filter(piece => piece.marked)
      .map(piece => piece.text)
  expect(marked('{} |= "a.b" |~ "x+"', 'a.b axb xx')).toEqual(['a.b', 'x', 'xx'])
  expect(marked('{} |= i"err"', 'ERR err')).toEqual(['ERR', 'err'])
  expect(marked('{} != "a"', 'a')).toEqual([])
  expect(markerOf('{} |~ "(?P<x>y"')).toBeNull()
})

test('heights find rows, before and after they are measured', () => {
  const heights = new Heights(50_000, () => 20)
  expect([heights.total, heights.rowAt(0), heights.rowAt(399), heights.rowAt(400)]).toEqual([1_000_000, 0, 19, 20])
  heights.measure(3, 100)
  expect([heights.offset(3), heights.offset(4), heights.rowAt(150), heights.total]).toEqual([60, 160, 3, 1_000_080])
  expect(heights.extended(50_001, () => 20).total).toBe(1_000_100)
})

test('times and durations as people write them', () => {
  const now = Date.UTC(2026, 0, 15, 12, 34, 56)
  expect(parseMoment('now-1h30m', now)).toBe(now - 5_400_000)
  expect(parseMoment('now/h', now)).toBe(Date.UTC(2026, 0, 15, 12))
  expect(parseMoment('1768478400', now)).toBe(1_768_478_400_000)
  expect(parseMoment('1768478400000000000', now)).toBe(1_768_478_400_000)
  expect(parseMoment('2026-01-15T12:00:00Z', now)).toBe(Date.UTC(2026, 0, 15, 12))
  expect(parseMoment('soon', now)).toBeNull()
  expect([parseDuration('90s'), parseDuration('1x'), formatDuration(5_400_000), formatDuration(604_800_000)]).toEqual([
    90_000,
    null,
    '90m',
    '7d',
  ])
})

test('numbers as people read them', () => {
  const units = ['bytes', 'decbytes', 'percentunit', 'short']
  expect([1536, 1500, 0.25, 1_234_567].map((value, at) => formatValue(value, units[at]))).toEqual([
    '1.5 KiB',
    '1.5 kB',
    '25%',
    '1.23M',
  ])
  expect([formatValue(null), formatValue(Number.POSITIVE_INFINITY), formatValue(0.0123, 's')]).toEqual([
    '–',
    '∞',
    '12.3 ms',
  ])
})

test('rows sort with numbers before texts and nothing last', () => {
  const table = { columns: [{ name: 'a', type: 'text' as const }], rows: [['b'], [null], ['10'], ['9'], ['a']] }
  expect(sortedRows(table, { column: 0, descending: false }).map(row => row[0])).toEqual(['9', '10', 'a', 'b', null])
  expect(csvOf({ ...table, rows: [['x,"y"'], [null]] })).toBe('a\n"x,""y"""\n\n')
})

test('panels without places get some, and rows hold theirs', () => {
  const rows = rowsOf({
    uid: 'a',
    title: 'a',
    panels: [{ type: 'stat' }, { type: 'row', title: 'r', panels: [{ type: 'logs' }, { type: 'logs' }] }],
  })
  expect(rows.map(row => [row.title, row.panels.map(panel => panel.gridPos!.x)])).toEqual([
    ['', [0]],
    ['r', [0, 12]],
  ])
})

test('links lead to pages or nowhere', () => {
  Object.assign(globalThis, { location: { href: 'http://here/' } })
  expect([
    safeUrl('javascript:alert(1)'),
    safeUrl('data:text/html,x'),
    safeUrl('http://jaeger/trace/1'),
    safeUrl('/d/a'),
  ]).toEqual([null, null, 'http://jaeger/trace/1', './d/a'])
})

test('the threshold of an alert', () => {
  expect(thresholdOf('rate({a="b>1"}[5m]) > 10')).toEqual({ query: 'rate({a="b>1"}[5m])', value: 10 })
  expect(thresholdOf('sum(rate({a="b"} | x > 5 [5m]))').value).toBeNull()
})

test('moments in UTC are written and read as such', () => {
  setZone('utc')
  const noon = Date.UTC(2026, 0, 15, 12)
  expect(formatMoment(noon)).toBe('2026-01-15 12:00:00')
  expect(parseMoment('2026-01-15 12:00:00', 0)).toBe(noon)
  expect(parseMoment('2026-01-15T13:00:00+01:00', 0)).toBe(noon)
  expect(parseMoment('2026-01-15', 0)).toBe(Date.UTC(2026, 0, 15))
  expect(parseMoment('now/d', noon)).toBe(Date.UTC(2026, 0, 15))
  setZone('local')
  expect(formatMoment(parseMoment('2026-01-15', 0)!)).toBe('2026-01-15 00:00:00')
  expect(formatMoment(Number.NaN)).toBe('????-??-?? ??:??:??')
})

test('lines that are not all of today have their dates', () => {
  const now = new Date(2026, 5, 1, 12).getTime()
  const before = (days: number) => now - days * 86_400_000
  expect(datesNeeded([now, now - 3_600_000], now)).toBe('')
  expect(datesNeeded([now, before(2)], now)).toBe('day')
  expect(datesNeeded([before(2), before(400)], now)).toBe('year')
  expect(formatRow(before(2), 'day')).toBe('05-30 12:00:00.000')
})
