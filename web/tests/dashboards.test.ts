// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how Grafana writes variables

import { expect, test } from 'vitest'
import { addPanel, editable, movePanel, newDashboard, panelOf, removePanel, replacePanel } from '../src/dashboards/edit'
import { asAnother, uidIn } from '../src/dashboards/imported'
import { interpolate, type Scope } from '../src/dashboards/interpolate'
import { type Dashboard, type Panel, rowsOf } from '../src/dashboards/model'
import { asWritten, repeated, repeatedBy } from '../src/dashboards/repeat'
import { ALL, scopeOf, valuesIn } from '../src/dashboards/variables'

const RANGE = { start: 0, end: 3_600_000 }
const one = (value: string) => ({ values: [value], regex: false })
const SCOPE: Scope = {
  service: one('ryot'),
  path: one('a\\b"c'),
  single: { values: ['a.b'], regex: true },
  many: { values: ['a.b', "c'd"], regex: true },
  all: { values: [], regex: true, allValue: '.+' },
}

test('variables in every spelling', () => {
  expect(interpolate('$service ${service} [[service]] $other $__range', SCOPE, RANGE)).toBe(
    'ryot ryot ryot $other 3600s',
  )
})

test.each([
  ['{a="$service"}', '{a="ryot"}'],
  ['{a="$path"}', String.raw`{a="a\\b\"c"}`],
  ['{a=`$path`}', '{a=`a\\b"c`}'],
  ['{a=~"$many"}', String.raw`{a=~"(a\\.b|c'd)"}`],
  ['{a=~`$many`}', "{a=~`(a\\.b|c'd)`}"],
  ['{a=~"$single"}', String.raw`{a=~"a\\.b"}`],
  ['{a=~"${many:regex}"}', String.raw`{a=~"(a\\.b|c'd)"}`],
  ['{a=~"$all"} |= "$all"', '{a=~".+"} |= ".+"'],
])('in a query %s', (query, expected) => {
  expect(interpolate(query, SCOPE, RANGE)).toBe(expected)
})

test.each([
  ['regex', String.raw`(a\.b|c'd)`],
  ['pipe', "a.b|c'd"],
  ['csv', "a.b,c'd"],
  ['raw', "a.b,c'd"],
  ['glob', "{a.b,c'd}"],
  ['json', `["a.b","c'd"]`],
  ['text', "a.b + c'd"],
  ['doublequote', `"a.b","c'd"`],
  ['singlequote', String.raw`'a.b','c\'d'`],
  ['sqlstring', `'a.b','c''d'`],
  ['lucene', `("a.b" OR "c'd")`],
  ['distributed', "a.b,many=c'd"],
  ['percentencode', 'a.b%2Cc%27d'],
  ['queryparam', "var-many=a.b&var-many=c'd"],
])('format %s', (format, expected) => {
  expect(interpolate(`\${many:${format}}`, SCOPE, RANGE)).toBe(expected)
})

test('for people', () => {
  expect(interpolate('Rate of $many, $all', SCOPE, RANGE, 'text')).toBe("Rate of a.b + c'd, All")
})

test('All is every value, unless the dashboard says what it is', async () => {
  const custom = { name: 'level', type: 'custom', query: 'info, warn : warning', includeAll: true }
  const all = { level: [ALL] }
  const valuesOf = valuesIn(RANGE)
  expect(await scopeOf([custom], all, valuesOf)).toEqual({ level: { values: ['info', 'warning'], regex: true } })
  expect(await scopeOf([{ ...custom, allValue: '.*' }], all, valuesOf)).toEqual({
    level: { values: [], regex: true, allValue: '.*' },
  })
  expect(await scopeOf([{ ...custom, query: '' }], all, valuesOf)).toMatchObject({ level: { allValue: '.+' } })
})

test('an All that the dashboard writes out repeats for each value', async () => {
  const level = { name: 'level', type: 'custom', query: 'info,warning', includeAll: true, allValue: '.*' }
  const panels: Panel[] = [
    { id: 1, type: 'stat', repeat: 'level' },
    { id: 2, type: 'stat' },
    { type: 'row', title: 'x', repeat: 'level', panels: [{ id: 3, type: 'stat' }] },
  ]
  const rows = rowsOf({ uid: 'x', title: 'x', panels })
  const scope = await scopeOf([level], { level: [ALL] }, valuesIn(RANGE), repeatedBy(rows))
  const asked = repeated(rows, scope).flatMap(row =>
    row.panels.map(({ panel, scope }) => `${panel.id} ${interpolate('{a=~"$level"}', scope, RANGE)}`),
  )
  const each = ['info', 'warning'].map(value => `{a=~"${value}"}`)
  expect(asked).toEqual([`1 ${each[0]}`, `1 ${each[1]}`, '2 {a=~".*"}', `3 ${each[0]}`, `3 ${each[1]}`])
})

const DASHBOARD: Dashboard = {
  uid: 'a',
  title: 'a',
  panels: [
    { type: 'stat', title: 'first' },
    { type: 'stat', title: 'second' },
    { type: 'row', title: 'row', panels: [{ type: 'logs', title: 'inside' }] },
  ],
}
const places = (dashboard: Dashboard) =>
  dashboard.panels!.map(({ title, gridPos: at }) => `${title} ${at!.x},${at!.y} ${at!.w}x${at!.h}`)

test('panels get numbers and places', () => {
  const draft = editable(DASHBOARD)
  expect(places(draft)).toEqual(['first 0,0 12x8', 'second 12,0 12x8', 'row 0,8 24x1'])
  expect([1, 2, 3, 4].map(id => panelOf(draft, id)?.title)).toEqual(['first', 'second', 'row', 'inside'])
  expect(
    editable({
      ...DASHBOARD,
      panels: [
        { type: 'stat', id: 1 },
        { type: 'logs', id: 1 },
      ],
    }).panels!.map(each => each.id),
  ).toEqual([1, 2])
})

test('panels move, grow, go and come', () => {
  const draft = editable(DASHBOARD)
  expect(places(movePanel(draft, 2, -1))).toEqual(['second 0,0 12x8', 'first 12,0 12x8', 'row 0,8 24x1'])
  expect(movePanel(draft, 1, -1).panels!.map(panel => panel.title)).toEqual(['first', 'second', 'row'])
  const first = panelOf(draft, 1)!
  const wide = replacePanel(draft, { ...first, gridPos: { ...first.gridPos!, w: 24 } })
  expect(places(wide)).toEqual(['first 0,0 24x8', 'second 0,8 12x8', 'row 0,16 24x1'])
  expect(places(removePanel(draft, 1))).toEqual(['second 0,0 12x8', 'row 0,8 24x1'])
  expect(removePanel(draft, 4).panels![2]!.panels).toEqual([])
  const added = addPanel(draft)
  expect(added.panel).toMatchObject({ id: 5, gridPos: { y: 9 } })
})

test('what a change does not touch stays', () => {
  const odd = {
    ...DASHBOARD,
    annotations: { list: [1] },
    panels: [{ type: 'stat', pluginVersion: '11' } as Panel],
  } as Dashboard
  const draft = editable(odd)
  const changed = replacePanel(draft, { ...panelOf(draft, 1)!, title: 'new' })
  expect(changed).toMatchObject({ annotations: { list: [1] }, panels: [{ title: 'new', pluginVersion: '11' }] })
})

test.each([
  ['Log volume', [], 'log-volume'],
  ['Errors', ['errors', 'errors-2'], 'errors-3'],
  ['日本語', [], 'dashboard'],
  ['x'.repeat(60), ['x'.repeat(40)], `${'x'.repeat(35)}-2`],
])('a new dashboard %s beside %j', (title, taken, uid) => {
  expect(newDashboard(title, taken)).toEqual({ uid, title, panels: [] })
})

test('the uid of what is imported, and another one where that is taken', () => {
  const text = (value: unknown) => JSON.stringify(value)
  expect(uidIn(text({ uid: 'a', title: 'A b' }))).toBe('a')
  expect(uidIn(text({ dashboard: { title: ' Über  uns! ' } }))).toBe('ber-uns')
  expect(uidIn(text({ title: '…', uid: '' }))).toBe('dashboard')
  for (const none of ['', '[]', 'null', '{"panels": []}', '{"title": 7}']) expect(uidIn(none)).toBeNull()
  const another = asAnother(text({ dashboard: { uid: 'a', title: 'A b', panels: [1] }, overwrite: true }), ['a', 'a-2'])
  expect(JSON.parse(another)).toEqual({ uid: 'a-3', title: 'A b', panels: [1] })
  const long = 'x'.repeat(40)
  expect(uidIn(asAnother(text({ uid: long, title: 'x' }), [long]))).toBe(`${'x'.repeat(35)}-2`)
})

test('rows and panels repeat for each value, as Grafana lays them out', () => {
  const scope: Scope = { app: { values: ['a', 'b', 'c'], regex: true }, zone: one('eu'), all: SCOPE.all! }
  const at = (x: number, y: number, w: number, h: number) => ({ x, y, w, h })
  const layout = (panels: Panel[], by: typeof repeated = repeated) =>
    by(rowsOf({ uid: 'x', title: 'x', panels }), scope).map(({ scope, panels }) => [
      scope.app!.values.join(),
      panels.map(({ panel, scope }) => `${panel.id} ${scope.app!.values} ${Object.values(panel.gridPos!)}`),
    ])
  const panels: Panel[] = [
    { id: 1, type: 'stat', repeat: 'app', maxPerRow: 2, gridPos: at(0, 0, 6, 4) },
    { id: 2, type: 'stat', gridPos: at(6, 4, 6, 4) },
    { id: 3, type: 'stat', repeat: 'app', repeatDirection: 'v', gridPos: at(0, 4, 6, 4) },
    { id: 4, type: 'stat', repeat: 'zone', gridPos: at(0, 8, 6, 4) },
    { id: 5, type: 'stat', repeat: 'all', gridPos: at(6, 8, 6, 4) },
    { id: 6, type: 'stat', repeat: 'nobody', gridPos: at(12, 8, 6, 4) },
  ]
  expect(layout(panels)).toEqual([
    [
      'a,b,c',
      [
        '1 a 0,0,12,4',
        '1 b 12,0,12,4',
        '1 c 0,4,12,4',
        '2 a,b,c 6,8,6,4',
        '3 a 0,8,6,4',
        '3 b 0,12,6,4',
        '3 c 0,16,6,4',
        '4 a,b,c 0,20,6,4',
        '5 a,b,c 6,20,6,4',
        '6 a,b,c 12,20,6,4',
      ],
    ],
  ])
  const row: Panel = { type: 'row', title: '$app', repeat: 'app', gridPos: at(0, 0, 24, 1) }
  const inRow: Panel[] = [row, { id: 7, type: 'stat', repeat: 'app', gridPos: at(0, 1, 6, 4) }]
  expect(layout(inRow)).toEqual(['a', 'b', 'c'].map(app => [app, [`7 ${app} 0,1,6,4`]]))
  expect(layout(inRow, asWritten)).toEqual([['a,b,c', ['7 a,b,c 0,1,6,4']]])
  const keys = repeated(rowsOf({ uid: 'x', title: 'x', panels: inRow }), scope).map(({ key }) => key)
  expect(new Set(keys).size).toBe(3)
})
