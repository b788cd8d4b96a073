import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../parts/Icon'
import { openTail, type Tail } from './liveTail'
import type { Pane } from './pane'

export function LiveButton({ pane }: { pane: Pane }) {
  const [state, setState] = useState('')
  const [paused, setPaused] = useState(false)
  const tail = useRef<Tail | null>(null)
  const live = pane.live.value
  const query = pane.state.value.query

  useEffect(() => {
    if (!live) return
    setPaused(false)
    tail.current = openTail(pane, setState)
    return () => tail.current?.close()
  }, [live, query])

  if (!live) {
    return (
      <button
        type="button"
        class="button small"
        onClick={() => {
          pane.change({ view: 'lines', direction: 'backward' })
          pane.live.value = true
        }}
      >
        <Icon name="live" /> Live
      </button>
    )
  }
  return (
    <span class="live">
      <span class={`live-state${paused ? '' : ' on'}`} role="status">
        {state}
      </span>
      <button
        type="button"
        class="button small"
        onClick={() => {
          tail.current?.pause(!paused)
          setPaused(!paused)
        }}
      >
        <Icon name={paused ? 'play' : 'pause'} /> {paused ? 'Resume' : 'Pause'}
      </button>
      <button
        type="button"
        class="button small"
        onClick={() => {
          pane.live.value = false
          void pane.run()
        }}
      >
        <Icon name="stop" /> Stop
      </button>
    </span>
  )
}
