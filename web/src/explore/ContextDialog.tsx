// The lines around a line, of its own stream: two queries, back and forward.

import { useState } from 'preact/hooks'
import { nanoseconds, runQuery } from '../api/loki'
import { type Entry, sameEntry, selectorText } from '../logs/entry'
import { PlainLine } from '../logs/PlainLine'
import { Dialog } from '../parts/Dialog'
import { Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'

const REACH = 2 * 3_600_000

export function ContextDialog({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const [count, setCount] = useState(20)
  const around = useLoaded(
    async signal => {
      const query = selectorText(entry.stream)
      const range = { start: entry.moment - REACH, end: entry.moment + REACH }
      const shared = { query, range, limit: count + 1, signal }
      const [before, after] = await Promise.all([
        runQuery({ ...shared, direction: 'backward' }, { start: nanoseconds(range.start), end: entry.timestamp }),
        runQuery({ ...shared, direction: 'forward' }, { start: entry.timestamp, end: nanoseconds(range.end) }),
      ])
      const older = before.data.kind === 'entries' ? before.data.entries.slice(0, count).reverse() : []
      const newer = after.data.kind === 'entries' ? after.data.entries : []
      return [...older, ...newer]
    },
    [count],
  )
  return (
    <Dialog title="Context" class="wide tall" onClose={onClose}>
      <p class="hint">
        Lines of <code>{selectorText(entry.stream)}</code>, oldest first
      </p>
      {around.error && <Failure message={around.error.message} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="context-lines" tabIndex={0} aria-label="Lines around the line">
        {around.value?.map((each, at) => (
          <div key={at} class={sameEntry(each, entry) ? 'context-here' : ''}>
            <PlainLine entry={each} />
          </div>
        ))}
      </section>
      <button type="button" class="button" onClick={() => setCount(count * 3)}>
        More lines on both sides
      </button>
    </Dialog>
  )
}
