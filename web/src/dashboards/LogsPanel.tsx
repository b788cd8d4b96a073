import { useMemo } from 'preact/hooks'
import { go } from '../app/router'
import { toggleFilter } from '../logql/edit'
import type { Entry } from '../logs/entry'
import type { LineActions } from '../logs/LineDetails'
import { LogList } from '../logs/LogList'
import { markerOf } from '../logs/marking'
import type { RangeText } from '../time/range'
import type { Panel } from './model'

interface Properties {
  panel: Panel
  query: string
  entries: Entry[]
  range: RangeText
}

export function LogsPanel({ panel, query, entries, range }: Properties) {
  const { wrapLogMessage, prettifyLogMessage, showLabels } = panel.options ?? {}
  const marker = useMemo(() => markerOf(query), [query])
  const actions: LineActions = {
    onFilter: (origin, name, operator, value) =>
      go('logs', { q: toggleFilter(query, origin, name, operator, value), ...range }),
    onColumn: name => go('logs', { q: query, ...range, columns: name }),
    isFiltered: () => false,
  }
  return (
    <LogList
      entries={entries}
      form={prettifyLogMessage ? 'pretty' : 'readable'}
      wrap={wrapLogMessage ?? false}
      columns={Array.isArray(showLabels) ? showLabels : []}
      marker={marker}
      actions={actions}
      footer={entries.length ? '' : 'No lines in this range.'}
    />
  )
}
