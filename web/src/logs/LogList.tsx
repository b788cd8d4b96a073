// Lines, of which only those in sight are in the document: 50 000 scroll as smoothly as 50.

import type { ComponentChildren } from 'preact'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useShortcuts } from '../app/shortcuts'
import type { LineForm } from '../explore/address'
import { type Dated, datesNeeded } from '../time/format'
import { type Entry, sameEntry } from './entry'
import { Heights } from './heights'
import { type LineActions, LineDetails } from './LineDetails'
import { MOST_CHARACTERS } from './LineText'
import { LogRow } from './LogRow'
import type { Marker } from './marking'

interface Properties {
  entries: Entry[]
  form: LineForm
  wrap: boolean
  columns: string[]
  marker: Marker
  actions: LineActions
  onEnd?: () => void
  /** keeps the newest in sight, as a live tail does */
  follow?: boolean
  /** a line is open, or it was scrolled away from the top: nothing should move now */
  onReading?: (reading: boolean) => void
  /** a newer answer is on its way */
  busy?: boolean
  footer?: ComponentChildren
}

const ROW = 22
const OVERSCAN = 12
const CHARACTER = 7.25
const NARROW = 560 // no line fits a phone

export function LogList(properties: Properties) {
  const { entries, form, wrap: wanted, columns, marker, actions, onEnd, follow, onReading, busy, footer } = properties
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 800, width: 1000 })
  const [open, setOpen] = useState<ReadonlySet<Entry>>(new Set())
  const [current, setCurrent] = useState(-1)
  const [, redraw] = useState(0)
  const moved = useRef(false)
  const wrap = wanted || view.width < NARROW
  const dated = datesOf(entries)
  const heights = useHeights(entries, `${form} ${wrap} ${dated} ${columns.join()} ${wrap ? view.width : 0}`, entry =>
    guess(entry, form, wrap, view.width),
  )

  useLayoutEffect(() => {
    const element = scroller.current!
    const read = () => setView({ top: element.scrollTop, height: element.clientHeight, width: element.clientWidth })
    read()
    const observer = new ResizeObserver(read)
    observer.observe(element)
    element.addEventListener('scroll', read, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', read)
    }
  }, [])

  const first = Math.max(0, heights.rowAt(view.top) - OVERSCAN)
  const last = Math.min(entries.length, heights.rowAt(view.top + view.height) + 1 + OVERSCAN)

  useEffect(() => {
    if (onEnd && entries.length && last >= entries.length - 100) onEnd()
  }, [last, entries.length, onEnd])

  const reading = view.top > ROW || open.size > 0
  useEffect(() => onReading?.(reading), [reading, onReading])

  useEffect(() => {
    if (follow && scroller.current) scroller.current.scrollTop = 0
  }, [follow, entries])

  // A new answer is read from its top, or goes on at the line that was being read.
  useLayoutEffect(() => {
    const kept = stillOpen(open, entries)
    const [reading] = kept
    setOpen(kept)
    setCurrent(-1)
    scroller.current!.scrollTop = reading ? heights.offset(entries.indexOf(reading)) : 0
  }, [entries[0]])

  const measure = useCallback(
    (index: number, height: number) => {
      if (heights.measure(index, height)) redraw(count => count + 1)
    },
    [heights],
  )
  const toggle = (index: number) => {
    const entry = entries[index]
    if (!entry) return
    const next = new Set(open)
    if (!next.delete(entry)) next.add(entry)
    setOpen(next)
    setCurrent(index)
  }
  const latestToggle = useRef(toggle)
  latestToggle.current = toggle
  const onToggle = useCallback((index: number) => latestToggle.current(index), [])
  const move = (by: number) => {
    const to = Math.max(0, Math.min(entries.length - 1, current + by))
    setCurrent(to)
    moved.current = true
    redraw(count => count + 1)
    const element = scroller.current!
    const [top, bottom] = [heights.offset(to), heights.offset(to + 1)]
    if (top < element.scrollTop) element.scrollTop = top
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight
  }
  // The line that was moved to has the focus: Enter is for it, and Tab goes on to what it opens to. It may have to be
  // scrolled to before it is there.
  useLayoutEffect(() => {
    if (!moved.current) return
    const button = scroller.current!.querySelector<HTMLElement>('.log-row.current .log-time')
    if (!button) return
    moved.current = false
    button.focus({ preventScroll: true })
  })
  useShortcuts([
    { keys: 'j', does: 'next line', run: () => move(1) },
    { keys: 'k', does: 'previous line', run: () => move(-1) },
    { keys: 'Enter', does: 'open or close the line', run: () => toggle(current) },
    { keys: 'c', does: 'context of the line', run: () => entries[current] && actions.onContext?.(entries[current]) },
  ])

  return (
    <section
      class={`log-list${wrap ? ' wrap' : ''}`}
      ref={scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label="Log lines"
      aria-busy={busy ?? false}
    >
      {columns.length > 0 && <ColumnHeadings columns={columns} dated={dated} onRemove={actions.onColumn} />}
      <div class="log-space" style={{ height: `${heights.total}px` }}>
        <ol class="log-rows" style={{ transform: `translateY(${heights.offset(first)}px)` }}>
          {entries.slice(first, last).map((entry, at) => {
            const index = first + at
            return (
              <Measured
                key={`${entry.timestamp} ${index}`}
                index={index}
                onHeight={measure}
                fixed={!wrap && form !== 'pretty' && !open.has(entry)}
              >
                <LogRow
                  entry={entry}
                  form={form}
                  columns={columns}
                  marker={marker}
                  dated={dated}
                  isOpen={open.has(entry)}
                  index={index}
                  isCurrent={index === current}
                  onToggle={onToggle}
                />
                {open.has(entry) && <LineDetails entry={entry} marker={marker} columns={columns} actions={actions} />}
              </Measured>
            )
          })}
        </ol>
      </div>
      {footer && <p class="log-footer">{footer}</p>}
    </section>
  )
}

/** The lines of a new answer that were open in the one before. */
function stillOpen(before: ReadonlySet<Entry>, entries: Entry[]): ReadonlySet<Entry> {
  if (!before.size) return before
  const opened = [...before]
  return new Set(entries.filter(entry => before.has(entry) || opened.some(each => sameEntry(each, entry))))
}

/** Lines are in order, so that the dates of the first and the last say it. */
function datesOf(entries: Entry[]): Dated {
  return datesNeeded(entries.length ? [entries[0]!.moment, entries.at(-1)!.moment] : [])
}

interface HeadingProperties {
  columns: string[]
  dated: Dated
  onRemove: (name: string) => void
}

function ColumnHeadings({ columns, dated, onRemove }: HeadingProperties) {
  return (
    <div class="log-columns">
      <span class={`log-time ${dated}`}>Time</span>
      <span class="log-level" />
      {columns.map(name => (
        <span key={name} class="log-column">
          {name}
          <button
            type="button"
            class="icon-button"
            aria-label={`Remove the column ${name}`}
            onClick={() => onRemove(name)}
          >
            ×
          </button>
        </span>
      ))}
      <span>Line</span>
    </div>
  )
}

interface MeasuredProperties {
  index: number
  /** of the height of a plain row, which needs no measuring */
  fixed: boolean
  /** another function is another list of heights, which knows none yet */
  onHeight: (index: number, height: number) => void
  children: ComponentChildren
}

function Measured({ index, fixed, onHeight, children }: MeasuredProperties) {
  const element = useRef<HTMLLIElement>(null)
  useLayoutEffect(() => {
    if (fixed) {
      onHeight(index, ROW)
      return
    }
    const row = element.current!
    onHeight(index, row.offsetHeight)
    const observer = new ResizeObserver(() => onHeight(index, row.offsetHeight))
    observer.observe(row)
    return () => observer.disconnect()
  }, [index, fixed, onHeight])
  return (
    <li class="log-item" ref={element}>
      {children}
    </li>
  )
}

function useHeights(entries: Entry[], shape: string, guessed: (entry: Entry) => number): Heights {
  const known = useRef<{ heights: Heights; shape: string; first: Entry | undefined } | null>(null)
  return useMemo(() => {
    const before = known.current
    const guessAt = (index: number) => guessed(entries[index]!)
    const grown =
      before && before.shape === shape && before.first === entries[0] && before.heights.count <= entries.length
    const heights = grown ? before.heights.extended(entries.length, guessAt) : new Heights(entries.length, guessAt)
    known.current = { heights, shape, first: entries[0] }
    return heights
  }, [entries, shape])
}

function guess(entry: Entry, form: LineForm, wrap: boolean, width: number): number {
  if (form === 'pretty' && entry.line.startsWith('{')) return ROW * (2 + Math.min(40, entry.line.split('":').length))
  if (!wrap) return ROW
  // Where it is narrow, the text stands below the time.
  const narrow = width < NARROW
  const across = Math.max(20, (width - (narrow ? 18 : 150)) / CHARACTER)
  const lines = Math.ceil(Math.min(entry.line.length, MOST_CHARACTERS) / across)
  return ROW + (Math.max(1, lines) - (narrow ? 0 : 1)) * 18
}
