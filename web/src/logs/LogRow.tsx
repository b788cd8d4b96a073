import type { LineForm } from '../explore/address'
import { memo } from '../parts/memo'
import { type Dated, formatRow } from '../time/format'
import { type Entry, fieldOf } from './entry'
import { LineText } from './LineText'
import { type Level, levelOf } from './levels'
import type { Marker } from './marking'
import { Visible } from './Visible'

interface Properties {
  entry: Entry
  index: number
  form: LineForm
  columns: string[]
  marker: Marker
  /** how much of the date stands before the time */
  dated?: Dated
  isOpen: boolean
  isCurrent: boolean
  onToggle: (index: number) => void
}

// A word beside the colour, for those who see no difference between the colours.
const SHORT: Record<Level, string> = {
  critical: 'CRT',
  error: 'ERR',
  warn: 'WRN',
  info: 'INF',
  debug: 'DBG',
  trace: 'TRC',
  unknown: '···',
}

export const LogRow = memo(function LogRow({
  entry,
  index,
  form,
  columns,
  marker,
  dated = '',
  isOpen,
  isCurrent,
  onToggle,
}: Properties) {
  const level = levelOf(entry.level)
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a convenience; the time is the button
    // biome-ignore lint/a11y/noStaticElementInteractions: the same
    <div
      class={`log-row level-${level}${isCurrent ? ' current' : ''}`}
      onClick={() => {
        // Selecting text in a line is no click on it.
        if (!getSelection()?.toString()) onToggle(index)
      }}
    >
      <button
        type="button"
        class="log-time"
        aria-expanded={isOpen}
        aria-label={`Details of the line of ${formatRow(entry.moment, dated)}`}
      >
        {formatRow(entry.moment, dated)}
      </button>
      <abbr class="log-level" title={entry.level}>
        {SHORT[level]}
      </abbr>
      {columns.map(name => (
        <span key={name} class="log-column">
          <Visible text={(fieldOf(entry, name) ?? '').slice(0, 200)} />
        </span>
      ))}
      <span class="log-line">
        <LineText entry={entry} form={form} marker={marker} folded={!isOpen} />
      </span>
    </div>
  )
})
