// The lines around a line: two queries, back and forward, by those of its labels that are left on.

import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { nanoseconds, runQuery } from '../api/loki'
import { type Entry, type Labels, sameEntry, selectorText } from '../logs/entry'
import { PlainLine } from '../logs/PlainLine'
import { Dialog } from '../parts/Dialog'
import { Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import { datesNeeded } from '../time/format'

const REACH = 2 * 3_600_000

/** What led to an error was seldom logged as an error, so the context is of all levels. */
const LEVELS = /^(level|severity|lvl|detected_level)$/i

export function ContextDialog({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const [count, setCount] = useState(20)
  const [left, setLeft] = useState<ReadonlySet<string>>(() => usualLabels(entry.stream))
  const selector = selectorText(Object.fromEntries(Object.entries(entry.stream).filter(([name]) => left.has(name))))
  const around = useLoaded(
    async signal => {
      const range = { start: entry.moment - REACH, end: entry.moment + REACH }
      const shared = { query: selector, range, limit: count + 1, signal }
      const [before, after] = await Promise.all([
        runQuery({ ...shared, direction: 'backward' }, { start: nanoseconds(range.start), end: entry.timestamp }),
        runQuery({ ...shared, direction: 'forward' }, { start: entry.timestamp, end: nanoseconds(range.end) }),
      ])
      const older = before.data.kind === 'entries' ? before.data.entries.slice(0, count).reverse() : []
      const newer = after.data.kind === 'entries' ? after.data.entries : []
      return { lines: [...older, ...newer], all: older.length < count && newer.length <= count }
    },
    [count, selector],
  )
  const lines = around.value?.lines ?? []
  const here = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => here.current?.scrollIntoView({ block: 'center' }), [around.value])
  const dated = datesNeeded(lines.map(each => each.moment))
  const toggle = (name: string) => {
    const next = new Set(left)
    if (!next.delete(name)) next.add(name)
    setLeft(next)
  }
  return (
    <Dialog title="Context" class="wide tall" onClose={onClose}>
      <fieldset class="context-labels" aria-label="Labels that the lines share">
        {Object.entries(entry.stream).map(([name, value]) => (
          <button
            key={name}
            type="button"
            class="chip"
            aria-pressed={left.has(name)}
            title={left.has(name) ? `Lines of any ${name}, too` : `Only lines of this ${name}`}
            disabled={left.has(name) && left.size === 1}
            onClick={() => toggle(name)}
          >
            <span class="chip-name">{name}</span>
            <span class="chip-text">= {value}</span>
          </button>
        ))}
      </fieldset>
      {around.error && <Failure message={around.error.message} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="context-lines" tabIndex={0} aria-label="Lines around the line" aria-busy={around.loading}>
        {lines.map((each, at) =>
          sameEntry(each, entry) ? (
            <div key={at} ref={here} class="context-here">
              <PlainLine entry={each} dated={dated} />
            </div>
          ) : (
            <PlainLine key={at} entry={each} dated={dated} />
          ),
        )}
      </section>
      <p class="context-more">
        <span class="hint">Oldest first, two hours back and forward at most</span>
        <button type="button" class="button small" disabled={around.value?.all} onClick={() => setCount(count * 3)}>
          {around.value?.all ? 'These are all' : 'More on both sides'}
        </button>
      </p>
    </Dialog>
  )
}

function usualLabels(stream: Labels): ReadonlySet<string> {
  const names = Object.keys(stream)
  const usual = names.filter(name => !LEVELS.test(name))
  return new Set(usual.length ? usual : names)
}
