// The range of a view: quick, absolute, back and forward, refresh.

import { useEffect, useState } from 'preact/hooks'
import { Choices } from '../parts/Choices'
import { Icon } from '../parts/Icon'
import { Popover } from '../parts/Popover'
import { parseDuration } from './duration'
import { formatMoment } from './format'
import {
  absolute,
  describeRange,
  parseMoment,
  QUICK_RANGES,
  type RangeText,
  type Side,
  shifted,
  zoomedOut,
} from './range'
import { localZone, setZone, zone } from './zone'

interface Properties {
  range: RangeText
  onRange: (range: RangeText) => void
  refresh: string
  onRefreshEvery: (every: string) => void
  onRefresh: () => void
}

const INTERVALS = ['', '5s', '10s', '30s', '1m', '5m', '15m']

export function TimePicker({ range, onRange, refresh, onRefreshEvery, onRefresh }: Properties) {
  useRefresh(refresh, onRefresh)
  return (
    <div class="time-picker">
      <button
        type="button"
        class="button icon-only"
        title="Back by half the range"
        aria-label="Back by half the range"
        onClick={() => onRange(shifted(range, -1))}
      >
        <Icon name="left" />
      </button>
      <Popover
        align="right"
        title={`Time range: ${describeRange(range)}`}
        label={
          <>
            <Icon name="clock" />
            <span class="time-text">{describeRange(range)}</span>
            {zone.value === 'utc' && <small class="zone-mark">UTC</small>}
            <Icon name="down" />
          </>
        }
      >
        {close => (
          <RangeForm
            range={range}
            onRange={chosen => {
              close()
              onRange(chosen)
            }}
          />
        )}
      </Popover>
      <button
        type="button"
        class="button icon-only"
        title="Forward by half the range"
        aria-label="Forward by half the range"
        onClick={() => onRange(shifted(range, 1))}
      >
        <Icon name="right" />
      </button>
      <button
        type="button"
        class="button icon-only"
        title="Zoom out"
        aria-label="Zoom out"
        onClick={() => onRange(zoomedOut(range))}
      >
        <Icon name="zoomOut" />
      </button>
      <span class="button-group">
        <button type="button" class="button icon-only" title="Refresh" aria-label="Refresh" onClick={onRefresh}>
          <Icon name="refresh" />
        </button>
        <select
          class="select"
          aria-label="Refresh every"
          value={refresh}
          onChange={event => onRefreshEvery(event.currentTarget.value)}
        >
          {INTERVALS.map(each => (
            <option key={each} value={each}>
              {each || 'Off'}
            </option>
          ))}
        </select>
      </span>
    </div>
  )
}

function RangeForm({ range, onRange }: Pick<Properties, 'range' | 'onRange'>) {
  const [from, setFrom] = useState(textOf(range.from, 'start'))
  const [to, setTo] = useState(textOf(range.to, 'end'))
  const start = momentOf(from, range.from, 'start')
  const end = momentOf(to, range.to, 'end')
  const problem =
    start === null
      ? `“${from}” is no time`
      : end === null
        ? `“${to}” is no time`
        : start >= end
          ? 'The range ends before it begins'
          : ''
  const apply = (event: Event) => {
    event.preventDefault()
    if (problem) return
    const relative = from.startsWith('now') || to.startsWith('now')
    onRange(relative ? { from: from.trim(), to: to.trim() } : absolute({ start: start!, end: end! }))
  }
  return (
    <div class="range-form">
      <form onSubmit={apply}>
        <label>
          From
          <input value={from} onInput={event => setFrom(event.currentTarget.value)} aria-invalid={start === null} />
        </label>
        <label>
          To
          <input value={to} onInput={event => setTo(event.currentTarget.value)} aria-invalid={end === null} />
        </label>
        <p class="hint">
          {problem || 'Such as now-90m, now, 2026-01-15, or 2026-01-15 12:00:00. Dragging in a chart zooms.'}
        </p>
        <button type="submit" class="button primary" disabled={!!problem}>
          Apply
        </button>
        {!/^(Etc\/)?UTC$/.test(localZone()) && (
          <div class="zone-choice">
            <Choices
              label="Time zone"
              value={zone.value}
              choices={[
                { value: 'local', name: localZone() },
                { value: 'utc', name: 'UTC' },
              ]}
              onChoose={chosen => {
                // What is written in the fields are times of the zone before.
                setZone(chosen)
                setFrom(textOf(range.from, 'start'))
                setTo(textOf(range.to, 'end'))
              }}
            />
          </div>
        )}
      </form>
      <ul class="quick-ranges">
        {QUICK_RANGES.map(([name, each]) => (
          <li key={name}>
            <button
              type="button"
              aria-pressed={each.from === range.from && each.to === range.to}
              onClick={() => onRange(each)}
            >
              {name}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** What is written; where nobody wrote, what was there before, to its ms, and in the one of two hours that are called the same. */
function momentOf(text: string, before: string, side: Side): number | null {
  return parseMoment(text === textOf(before, side) ? before : text, Date.now(), side)
}

function textOf(moment: string, side: Side): string {
  const parsed = moment.startsWith('now') ? null : parseMoment(moment, Date.now(), side)
  return parsed === null ? moment : formatMoment(parsed)
}

function useRefresh(every: string, onRefresh: () => void): void {
  useEffect(() => {
    const milliseconds = every ? parseDuration(every) : null
    if (!milliseconds) return
    const timer = setInterval(() => {
      if (!document.hidden) onRefresh()
    }, milliseconds)
    return () => clearInterval(timer)
  }, [every, onRefresh])
}
