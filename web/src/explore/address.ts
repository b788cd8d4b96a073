// The state of a pane as parameters of the address, and back. The second pane's names begin with `r.`.

import { DEFAULT_RANGE, type RangeText } from '../time/range'

export type ResultView = 'lines' | 'table' | 'graph' | 'patterns'
export type LineForm = 'raw' | 'readable' | 'pretty'
export type Direction = 'backward' | 'forward'

export interface PaneState {
  query: string
  range: RangeText
  direction: Direction
  view: ResultView
  form: LineForm
  wrap: boolean
  columns: string[]
  refresh: string
}

export const INITIAL: PaneState = {
  query: '',
  range: DEFAULT_RANGE,
  direction: 'backward',
  view: 'lines',
  form: 'readable',
  wrap: false,
  columns: [],
  refresh: '',
}

const VIEWS: readonly string[] = ['lines', 'table', 'graph', 'patterns']
const FORMS: readonly string[] = ['raw', 'readable', 'pretty']

export function readState(parameters: URLSearchParams, prefix = ''): PaneState {
  const get = (name: string) => parameters.get(prefix + name) ?? ''
  const view = get('view')
  const form = get('form')
  return {
    query: get('q'),
    range: { from: get('from') || INITIAL.range.from, to: get('to') || INITIAL.range.to },
    direction: get('order') === 'oldest' ? 'forward' : 'backward',
    view: VIEWS.includes(view) ? (view as ResultView) : INITIAL.view,
    form: FORMS.includes(form) ? (form as LineForm) : INITIAL.form,
    wrap: get('wrap') === '1',
    columns: get('columns').split(',').filter(Boolean),
    refresh: get('refresh'),
  }
}

/** Only what differs from the initial state, so that addresses stay short. */
export function writeState(state: PaneState, into: URLSearchParams, prefix = ''): void {
  const set = (name: string, value: string) => {
    if (value) into.set(prefix + name, value)
  }
  set('q', state.query)
  if (state.range.from !== INITIAL.range.from || state.range.to !== INITIAL.range.to) {
    set('from', state.range.from)
    set('to', state.range.to)
  }
  set('order', state.direction === 'forward' ? 'oldest' : '')
  set('view', state.view === INITIAL.view ? '' : state.view)
  set('form', state.form === INITIAL.form ? '' : state.form)
  set('wrap', state.wrap ? '1' : '')
  set('columns', state.columns.join(','))
  set('refresh', state.refresh)
}
