// A query under way: how long it has been, what it has to read at most, and how to stop it.

import { useEffect, useState } from 'preact/hooks'
import { explain } from '../api/sigyn'
import { countOf, formatValue } from '../charts/units'
import { Icon } from '../parts/Icon'
import { readableDuration } from '../time/duration'
import { PAGE_LINES } from './pages'
import type { Pane } from './pane'

const SLOW = 600

export function Progress({ pane }: { pane: Pane }) {
  const running = pane.running.value
  const [elapsed, setElapsed] = useState(0)
  const [size, setSize] = useState('')
  useEffect(() => {
    if (!running) return
    setElapsed(0)
    setSize('')
    const controller = new AbortController()
    const timer = setInterval(() => setElapsed(Date.now() - running.since), 100)
    const asking = setTimeout(() => {
      explain(pane.sent.value, pane.asked.value, PAGE_LINES, controller.signal).then(
        plan => {
          const rows = plan.reads.reduce((sum, read) => sum + read.rows, 0)
          const bytes = plan.reads.reduce((sum, read) => sum + read.bytes, 0)
          setSize(`reads up to ${countOf(rows, 'line')}, ${formatValue(bytes, 'bytes')}`)
        },
        () => setSize(''),
      )
    }, SLOW)
    return () => {
      clearInterval(timer)
      clearTimeout(asking)
      controller.abort()
    }
  }, [running])
  if (!running) return null
  return (
    <>
      <div class="progress-bar" role="progressbar" aria-label="Query is running" />
      {elapsed >= SLOW && (
        <div class="progress" role="status">
          <span>{readableDuration(elapsed)}</span>
          <span>{size}</span>
          <button type="button" class="button small" onClick={pane.cancel}>
            <Icon name="stop" /> Cancel
          </button>
        </div>
      )}
    </>
  )
}
