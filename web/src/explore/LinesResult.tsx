// An answer of lines: the list, its histogram, patterns, and the dialogs that a line opens.

import type { ComponentChildren } from 'preact'
import { useCallback, useMemo, useState } from 'preact/hooks'
import { ApiError } from '../api/http'
import { countOf, formatCount } from '../charts/units'
import { hasFilter, toggleFilter } from '../logql/edit'
import type { Entry } from '../logs/entry'
import type { Field } from '../logs/fields'
import type { LineActions } from '../logs/LineDetails'
import { LogList } from '../logs/LogList'
import { markerOf } from '../logs/marking'
import { ContextDialog } from './ContextDialog'
import { ExportLines } from './ExportLines'
import { toggleColumn } from './FieldSidebar'
import { LiveButton } from './LiveButton'
import { Mistyped } from './Mistyped'
import { Patterns } from './Patterns'
import { MOST_LINES, type Pane } from './pane'
import { ResultTools } from './ResultTools'
import { StatisticsDialog } from './StatisticsDialog'
import { VolumeChart } from './VolumeChart'
import { Wider } from './Wider'

const VIEWS = [
  { value: 'lines', name: 'Lines' },
  { value: 'patterns', name: 'Patterns' },
] as const

export function LinesResult({ pane }: { pane: Pane }) {
  const [context, setContext] = useState<Entry | null>(null)
  const [field, setField] = useState<Field | null>(null)
  const { query, form, wrap, columns, view } = pane.state.value
  const entries = pane.entries.value
  const marker = useMemo(() => markerOf(query), [query])
  const onEnd = useCallback(() => {
    // What failed is asked for again when somebody wants that.
    if (pane.more.value === 'idle') void pane.loadMore()
  }, [pane])
  const onReading = useCallback(
    (reading: boolean) => {
      if (reading && !pane.held.value) pane.held.value = 'reading'
      else if (!reading && pane.held.value === 'reading') pane.held.value = ''
    },
    [pane],
  )
  const actions: LineActions = {
    onFilter: (origin, name, operator, value) =>
      pane.ask(toggleFilter(pane.draft.value, origin, name, operator, value)),
    onStatistics: setField,
    onColumn: name => toggleColumn(pane, name),
    onContext: setContext,
    isFiltered: (name, operator, value) => hasFilter(pane.structure.value, name, operator, value),
  }
  return (
    <>
      {!pane.live.value && <VolumeChart pane={pane} />}
      <ResultTools pane={pane} views={VIEWS}>
        <span class="hint wide-only">{countOf(entries.length, 'line')} loaded</span>
        <LiveButton pane={pane} />
        <ExportLines pane={pane} />
      </ResultTools>
      {view === 'patterns' ? (
        <Patterns pane={pane} />
      ) : (
        <LogList
          entries={entries}
          form={form}
          wrap={wrap}
          columns={columns}
          marker={marker}
          actions={actions}
          onEnd={onEnd}
          follow={pane.live.value && !pane.held.value}
          onReading={onReading}
          busy={pane.running.value !== null}
          footer={footerOf(pane)}
        />
      )}
      {context && <ContextDialog entry={context} onClose={() => setContext(null)} />}
      {field && <StatisticsDialog pane={pane} field={field} onClose={() => setField(null)} />}
    </>
  )
}

function footerOf(pane: Pane): ComponentChildren {
  const count = pane.entries.value.length
  if (pane.live.value) return ''
  if (pane.more.value === 'loading') return 'loading more lines…'
  if (!count)
    return (
      <>
        No lines in this range: choose a longer one, or take something out of the query.
        <Mistyped pane={pane} />
        <Wider pane={pane} />
      </>
    )
  if (pane.more.value instanceof ApiError)
    return (
      <>
        <span role="alert">More lines did not come: {pane.more.value.message}.</span>
        <span>
          <button type="button" class="button small" onClick={() => void pane.loadMore()}>
            Try again
          </button>
        </span>
      </>
    )
  if (count >= MOST_LINES) return `${formatCount(MOST_LINES)} lines are shown. Narrow the range, or export everything.`
  return pane.more.value === 'end' ? 'That is all in this range.' : ''
}
