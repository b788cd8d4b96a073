// Lines as they are acknowledged, over a WebSocket; where none can be opened, by asking every second.

import { batch } from '@preact/signals'
import { webSocketAddress } from '../api/http'
import { nanoseconds, runQuery } from '../api/loki'
import { tenant } from '../api/tenant'
import { logQueryOf } from '../logql/structure'
import { type Entry, entriesOf, type StreamsResult, sameEntry } from '../logs/entry'
import type { Pane } from './pane'

const MOST = 5000
const RECENT = 100

export interface Tail {
  pause: (paused: boolean) => void
  close: () => void
}

export function openTail(pane: Pane, onState: (state: string) => void): Tail {
  const query = logQueryOf(pane.state.value.query)
  let paused = false
  let waiting: Entry[] = []
  let stopped = false
  let polling: ReturnType<typeof setTimeout> | undefined

  const show = (fresh: Entry[]) => {
    waiting = [...fresh, ...waiting].slice(0, MOST)
    if (paused) {
      onState(`paused, ${waiting.length} new`)
      return
    }
    const entries = [...waiting, ...pane.entries.value].slice(0, MOST)
    waiting = []
    batch(() => {
      pane.entries.value = entries
      pane.more.value = 'end'
    })
  }

  const poll = async (last: Entry | undefined) => {
    if (stopped) return
    const now = Date.now()
    const range = { start: last ? last.moment : now - 60_000, end: now + 60_000 }
    const found = await runQuery(
      { query, range, limit: RECENT * 10 },
      last && { start: last.timestamp, end: nanoseconds(range.end) },
    ).catch(() => null)
    const entries = found?.data.kind === 'entries' ? found.data.entries : []
    const fresh = last ? entries.filter(entry => !sameEntry(entry, last)) : entries
    if (fresh.length) show(fresh)
    polling = setTimeout(() => void poll(fresh[0] ?? last), 1000)
  }

  pane.entries.value = []
  onState('connecting')
  // Browsers can't send a tenant's name with a WebSocket.
  const socket = tenant.value ? null : new WebSocket(webSocketAddress('loki/api/v1/tail', { query, limit: RECENT }))
  if (socket) {
    socket.onopen = () => {
      onState('live')
    }
    socket.onmessage = message => {
      const frame = JSON.parse(message.data as string) as { streams: StreamsResult[]; dropped_entries?: unknown[] }
      show(entriesOf(frame.streams, 'backward'))
      if (frame.dropped_entries?.length)
        onState(`live, ${frame.dropped_entries.length} lines left out: too many at once`)
    }
    socket.onclose = () => {
      if (stopped) return
      onState('live, asking every second')
      void poll(pane.entries.value[0])
    }
  } else {
    onState('live, asking every second')
    void poll(undefined)
  }

  return {
    pause: value => {
      paused = value
      onState(value ? 'paused' : 'live')
      if (!value) show([])
    },
    close: () => {
      stopped = true
      clearTimeout(polling)
      socket?.close()
    },
  }
}
