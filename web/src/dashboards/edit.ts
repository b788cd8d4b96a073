// Changes to a dashboard's panels. Each gives a new dashboard; what is in it beside panels and places stays as it is.

import { COLUMNS, type Dashboard, type Panel, placed } from './model'

const LONGEST_UID = 40

/** A dashboard without panels; its uid is its title's, with a number where that is taken. */
export function newDashboard(title: string, taken: readonly string[]): Dashboard {
  return { uid: freeUid(uidOf(title), taken), title, panels: [] }
}

/** The uid that the server makes of a title. */
export function uidOf(title: string): string {
  return slug(title.toLowerCase().replace(/[^a-z0-9]+/g, '-'), LONGEST_UID) || 'dashboard'
}

/** The uid, or with a number where it is taken. */
export function freeUid(uid: string, taken: readonly string[]): string {
  let free = uid
  for (let number = 2; taken.includes(free); number += 1) free = `${slug(uid, LONGEST_UID - 5)}-${number}`
  return free
}

function slug(text: string, length: number): string {
  return text.replace(/^-+/, '').slice(0, length).replace(/-+$/, '')
}

/** The dashboard with a number and a place for every panel, so that changes can name them. */
export function editable(dashboard: Dashboard): Dashboard {
  let last = Math.max(0, ...allPanels(dashboard).map(panel => panel.id ?? 0))
  const seen = new Set<number>()
  const numbered = (panel: Panel): Panel => {
    const taken = panel.id === undefined || seen.has(panel.id)
    if (taken) last += 1
    const id = taken ? last : panel.id!
    seen.add(id)
    return { ...panel, id, ...(panel.panels && { panels: placed(panel.panels.map(numbered)) }) }
  }
  return { ...dashboard, panels: placed((dashboard.panels ?? []).map(numbered)) }
}

function allPanels(dashboard: Dashboard): Panel[] {
  return (dashboard.panels ?? []).flatMap(panel => [panel, ...(panel.panels ?? [])])
}

/** The panel of that number. */
export function panelOf(dashboard: Dashboard, id: number): Panel | null {
  return allPanels(dashboard).find(panel => panel.id === id) ?? null
}

/** Every list of panels, with those that stand in rows, passed through `change`. */
function inLists(dashboard: Dashboard, change: (panels: Panel[]) => Panel[]): Dashboard {
  const panels = change(dashboard.panels ?? []).map(panel =>
    panel.panels?.length ? { ...panel, panels: change(panel.panels) } : panel,
  )
  return { ...dashboard, panels }
}

export function replacePanel(dashboard: Dashboard, changed: Panel): Dashboard {
  const before = panelOf(dashboard, changed.id!)
  const next = inLists(dashboard, panels => panels.map(panel => (panel.id === changed.id ? changed : panel)))
  const resized = before?.gridPos?.w !== changed.gridPos?.w || before?.gridPos?.h !== changed.gridPos?.h
  return resized ? laidOut(next) : next
}

export function removePanel(dashboard: Dashboard, id: number): Dashboard {
  return laidOut(inLists(dashboard, panels => panels.filter(panel => panel.id !== id)))
}

/** The panel one place earlier (-1) or later (1) among those around it. */
export function movePanel(dashboard: Dashboard, id: number, by: 1 | -1): Dashboard {
  return laidOut(
    inLists(dashboard, panels => {
      const ordered = inOrder(panels)
      const from = ordered.findIndex(panel => panel.id === id)
      const to = from + by
      if (from < 0 || to < 0 || to >= ordered.length) return panels
      ;[ordered[from], ordered[to]] = [ordered[to]!, ordered[from]!]
      return ordered
    }),
    true,
  )
}

export function addPanel(dashboard: Dashboard): { dashboard: Dashboard; panel: Panel } {
  const id = Math.max(0, ...allPanels(dashboard).map(panel => panel.id ?? 0)) + 1
  const panel: Panel = {
    id,
    type: 'timeseries',
    title: 'New panel',
    gridPos: { x: 0, y: bottom(dashboard), w: COLUMNS / 2, h: 8 },
    targets: [{ refId: 'A', expr: '' }],
  }
  return { dashboard: { ...dashboard, panels: [...(dashboard.panels ?? []), panel] }, panel }
}

function bottom(dashboard: Dashboard): number {
  return Math.max(0, ...(dashboard.panels ?? []).map(({ gridPos }) => (gridPos ? gridPos.y + gridPos.h : 0)))
}

function inOrder(panels: readonly Panel[]): Panel[] {
  return [...panels].sort((a, b) => a.gridPos!.y - b.gridPos!.y || a.gridPos!.x - b.gridPos!.x)
}

/** Panels side by side as far as they fit, the next ones below; `kept` when they stand in their order already. */
function laidOut(dashboard: Dashboard, kept = false): Dashboard {
  return inLists(dashboard, panels => {
    let [x, y, height] = [0, 0, 0]
    return (kept ? panels : inOrder(panels)).map(panel => {
      const { w, h } = panel.gridPos!
      if (x + w > COLUMNS || panel.type === 'row') {
        y += height
        x = 0
        height = 0
      }
      const gridPos = { x, y, w, h }
      x += w
      height = Math.max(height, h)
      return { ...panel, gridPos }
    })
  })
}
