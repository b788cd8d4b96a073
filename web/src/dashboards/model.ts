// Grafana's JSON model of a dashboard, as far as it is shown here. What else is in it is kept, not shown.

export interface Dashboard {
  uid: string
  title: string
  description?: string
  tags?: string[]
  time?: { from: string; to: string }
  refresh?: string | false
  panels?: Panel[]
  templating?: { list?: Variable[] }
  links?: Link[]
}

export interface Panel {
  id?: number
  type: string
  title?: string
  description?: string
  gridPos?: GridPosition
  targets?: Target[]
  panels?: Panel[]
  collapsed?: boolean
  fieldConfig?: { defaults?: FieldDefaults; overrides?: unknown[] }
  options?: PanelOptions
  links?: Link[]
  maxDataPoints?: number
  datasource?: DataSource | string | null
  /** The variable whose values it stands for, one each. */
  repeat?: string
  repeatDirection?: 'h' | 'v'
  maxPerRow?: number
}

export interface GridPosition {
  x: number
  y: number
  w: number
  h: number
}

export interface Target {
  expr?: string
  refId?: string
  legendFormat?: string
  instant?: boolean
  queryType?: string
  hide?: boolean
  maxLines?: number
  datasource?: DataSource | string | null
}

export interface DataSource {
  type?: string
  uid?: string
}

export interface FieldDefaults {
  unit?: string
  decimals?: number
  min?: number
  max?: number
  thresholds?: { mode?: string; steps?: { color: string; value: number | null }[] }
  custom?: {
    drawStyle?: 'line' | 'bars' | 'points'
    fillOpacity?: number
    stacking?: { mode?: string }
    thresholdsStyle?: { mode?: string }
    links?: Link[]
  }
  links?: Link[]
}

export interface PanelOptions {
  legend?: { displayMode?: string; showLegend?: boolean; calcs?: string[] }
  reduceOptions?: { calcs?: string[] }
  orientation?: string
  showTime?: boolean
  showLabels?: string[] | boolean
  wrapLogMessage?: boolean
  prettifyLogMessage?: boolean
  sortOrder?: 'Ascending' | 'Descending'
  maxLines?: number
  content?: string
  /** of `content`: Markdown where it isn't said */
  mode?: 'markdown' | 'code' | 'html'
  sortBy?: { displayName: string; desc?: boolean }[]
}

export interface Variable {
  name: string
  label?: string
  type: string
  query?: string | { label?: string; stream?: string; query?: string; type?: number; refId?: string }
  current?: { value?: string | string[]; text?: string | string[] }
  options?: { text: string; value: string; selected?: boolean }[]
  includeAll?: boolean
  allValue?: string
  multi?: boolean
  hide?: number
}

export interface Link {
  title?: string
  url?: string
  targetBlank?: boolean
}

/** Of Grafana's grid. */
export const COLUMNS = 24

/** Panels with a place each; those that have none, as in snippets, are laid out two to a row. */
export function placed(panels: readonly Panel[]): Panel[] {
  let next = { x: 0, y: 0, h: 0 }
  return panels.map(panel => {
    if (panel.gridPos) {
      next = { x: 0, y: Math.max(next.y, panel.gridPos.y + panel.gridPos.h), h: 0 }
      return panel
    }
    const [w, h] = panel.type === 'row' ? [COLUMNS, 1] : [COLUMNS / 2, 8]
    if (next.x + w > COLUMNS) next = { x: 0, y: next.y + next.h, h: 0 }
    const gridPos = { x: next.x, y: next.y, w, h }
    next = { x: next.x + w, y: next.y, h }
    return { ...panel, gridPos }
  })
}

/** Rows of a dashboard: what follows a row belongs to it, and a collapsed row holds its panels itself. */
export interface Row {
  title: string
  collapsed: boolean
  panels: Panel[]
  repeat?: string
}

export function rowsOf(dashboard: Dashboard): Row[] {
  const rows: Row[] = [{ title: '', collapsed: false, panels: [] }]
  for (const panel of dashboard.panels ?? []) {
    if (panel.type === 'row')
      rows.push({
        title: panel.title ?? '',
        collapsed: panel.collapsed ?? false,
        panels: [...(panel.panels ?? [])],
        repeat: panel.repeat,
      })
    else rows.at(-1)!.panels.push(panel)
  }
  return rows.filter(row => row.panels.length > 0).map(row => ({ ...row, panels: placed(row.panels) }))
}
