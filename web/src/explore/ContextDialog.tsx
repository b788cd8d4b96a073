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

/** As many as an answer holds, where nobody set another limit. */
const MOST_OF_A_MOMENT = 5000

/** What led to an error was seldom logged as an error, so the context is of all levels. */
const LEVELS = /^(level|severity|lvl|detected_level)$/i

export function ContextDialog({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const [count, setCount] = useState(20)
  const [left, setLeft] = useState<ReadonlySet<string>>(() => usualLabels(entry.stream))
  const selector = selectorText(Object.fromEntries(Object.entries(entry.stream).filter(([name]) => left.has(name))))
  const around = useLoaded(signal => linesAround(entry, selector, count, signal), [count, selector])
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

interface Around {
  /** the oldest first */
  lines: Entry[]
  all: boolean
}

async function linesAround(entry: Entry, query: string, count: number, signal: AbortSignal): Promise<Around> {
  const range = { start: entry.moment - REACH, end: entry.moment + REACH }
  const ask = async (direction: 'backward' | 'forward', limit: number, start: string, end: string) => {
    const { data } = await runQuery({ query, range, limit, direction, signal }, { start, end })
    return data.kind === 'entries' ? data.entries : []
  }
  const moment = entry.timestamp
  const next = String(BigInt(moment) + 1n)
  const [older, newer] = await Promise.all([
    ask('backward', count + 1, nanoseconds(range.start), moment),
    ask('forward', count + 1, moment, nanoseconds(range.end)),
  ])
  if (newer.some(each => sameEntry(each, entry)))
    return { lines: [...older.slice(0, count).reverse(), ...newer], all: older.length < count && newer.length <= count }
  // There are more lines of its moment than were asked for.
  const [together, later] = await Promise.all([
    ask('forward', MOST_OF_A_MOMENT, moment, next),
    ask('forward', count, next, nanoseconds(range.end)),
  ])
  const isThere = together.some(each => sameEntry(each, entry))
  const lines = [...older.reverse(), ...(isThere ? together : [entry]), ...later]
  const at = lines.findIndex(each => sameEntry(each, entry))
  const [first, last] = [Math.max(0, at - count), at + count + 1]
  return { lines: lines.slice(first, last), all: first === 0 && last >= lines.length && later.length < count }
}

function usualLabels(stream: Labels): ReadonlySet<string> {
  const names = Object.keys(stream)
  const usual = names.filter(name => !LEVELS.test(name))
  return new Set(usual.length ? usual : names)
}
