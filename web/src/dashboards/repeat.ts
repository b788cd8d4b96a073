// Rows and panels that stand once for each value of a variable, with the places that Grafana gives them.

import type { Scope } from './interpolate'
import { COLUMNS, type Panel, type Row } from './model'

/** A panel as it is shown: what variables stand for may be its own. */
export interface ShownPanel {
  key: string
  panel: Panel
  scope: Scope
}

export interface ShownRow {
  key: string
  row: Row
  scope: Scope
  panels: ShownPanel[]
}

const MOST_BESIDE = 4 // where a panel doesn't say

/** The rows as they are written, whatever repeats: this is what can be edited. */
export function asWritten(rows: readonly Row[], scope: Scope): ShownRow[] {
  return rows.map((row, at) => ({
    key: `${row.title}${at}`,
    row,
    scope,
    panels: row.panels.map((panel, place) => ({ key: keyOf(panel, place), panel, scope })),
  }))
}

/** The rows with a copy of each that repeats, and of each panel in them, for each value that is chosen. */
export function repeated(rows: readonly Row[], scope: Scope): ShownRow[] {
  return rows.flatMap((row, at) =>
    scopesOf(row.repeat, scope).map(own => ({
      key: `${row.title}${at} ${own.value}`,
      row,
      scope: own.scope,
      panels: repeatedPanels(row.panels, own.scope),
    })),
  )
}

/** The variables that rows or panels repeat by. */
export function repeatedBy(rows: readonly Row[]): ReadonlySet<string> {
  return new Set(
    rows.flatMap(row => [row.repeat, ...row.panels.map(panel => panel.repeat)]).filter(name => name !== undefined),
  )
}

interface OneValue {
  value: string
  scope: Scope
}

/** What variables stand for in each copy: one value, also of an All that the dashboard writes out. Without values it is one. */
function scopesOf(repeat: string | undefined, scope: Scope): OneValue[] {
  const chosen = repeat ? scope[repeat] : undefined
  if (!repeat || !chosen?.values.length) return [{ value: '', scope }]
  const { regex } = chosen
  return chosen.values.map(value => ({ value, scope: { ...scope, [repeat]: { values: [value], regex } } }))
}

function repeatedPanels(panels: readonly Panel[], scope: Scope): ShownPanel[] {
  const grown: { from: number; by: number }[] = []
  const shown = panels.map((panel, place) => {
    const copies = scopesOf(panel.repeat, scope)
    const at = panel.gridPos!
    const across = copies.length > 1 && panel.repeatDirection !== 'v'
    const beside = across ? Math.min(copies.length, panel.maxPerRow || MOST_BESIDE) : 1
    const [left, w] = across ? [0, Math.floor(COLUMNS / beside)] : [at.x, at.w]
    grown.push({ from: at.y + at.h, by: (Math.ceil(copies.length / beside) - 1) * at.h })
    return copies.map((own, number) => ({
      key: `${keyOf(panel, place)} ${own.value}`,
      panel: {
        ...panel,
        gridPos: { x: left + (number % beside) * w, y: at.y + Math.floor(number / beside) * at.h, w, h: at.h },
      },
      scope: own.scope,
    }))
  })
  return shown.flatMap((copies, place) => {
    const { y } = panels[place]!.gridPos!
    const lower = grown.reduce((sum, { from, by }) => sum + (y >= from ? by : 0), 0)
    return copies.map(copy => ({
      ...copy,
      panel: { ...copy.panel, gridPos: { ...copy.panel.gridPos!, y: copy.panel.gridPos!.y + lower } },
    }))
  })
}

function keyOf(panel: Panel, place: number): string {
  return String(panel.id ?? `at ${place}`)
}
