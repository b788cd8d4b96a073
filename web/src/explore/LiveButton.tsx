import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../parts/Icon'
import { openTail, type Tail, type TailState } from './liveTail'
import type { Pane } from './pane'

export function LiveButton({ pane }: { pane: Pane }) {
  const [state, setState] = useState<TailState>({ kind: 'connecting', text: 'connecting' })
  const tail = useRef<Tail | null>(null)
  const live = pane.live.value
  const held = pane.held.value !== ''
  const query = pane.state.value.query

  useEffect(() => {
    if (!live) return
    pane.held.value = ''
    tail.current = openTail(pane, setState)
    return () => tail.current?.close()
  }, [live, query])

  useEffect(() => {
    if (live) tail.current?.pause(held)
  }, [live, held])

  if (!live) {
    return (
      <button type="button" class="button small" onClick={() => pane.follow(true)}>
        <Icon name="live" /> Live
      </button>
    )
  }
  return (
    <span class="live">
      <span class={`live-state ${state.kind}`} role="status">
        {state.text}
      </span>
      <button
        type="button"
        class="button small"
        onClick={() => {
          pane.held.value = held ? '' : 'asked'
        }}
      >
        <Icon name={held ? 'play' : 'pause'} /> {held ? 'Resume' : 'Pause'}
      </button>
      <button type="button" class="button small" onClick={() => pane.follow(false)}>
        <Icon name="stop" /> Stop
      </button>
    </span>
  )
}
