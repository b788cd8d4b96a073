// Lines as they are acknowledged, over a WebSocket; where none can be opened, by asking every second. A connection that
// is lost is made again, and what was missed meanwhile is fetched first; so is one to a server that no longer answers.

import { batch } from '@preact/signals'
import { ApiError, webSocketAddress } from '../api/http'
import { CATEGORIZE, nanoseconds, runQuery } from '../api/loki'
import { tenant } from '../api/tenant'
import { logQueryOf } from '../logql/structure'
import { type Entry, entriesOf, type StreamsResult, sameEntry } from '../logs/entry'
import type { Pane } from './pane'
import { watchServer } from './watch'

const MOST = 5000
const RECENT = 100
const LONGEST_WAIT = 10_000 // ms between two attempts to reach a server that does not answer

export interface TailState {
  kind: 'connecting' | 'live' | 'paused' | 'lost' | 'refused'
  text: string
}

export interface Tail {
  pause: (paused: boolean) => void
  close: () => void
}

interface Frame {
  streams: StreamsResult[]
  dropped_entries?: unknown[]
}

const LIVE: TailState = { kind: 'live', text: 'live' }
const ASKING: TailState = { kind: 'live', text: 'live, asking every second' }
const LOST: TailState = { kind: 'lost', text: 'no connection to the server, trying again' }
const SILENT: TailState = { kind: 'lost', text: 'the server does not answer, trying again' }

export function openTail(pane: Pane, onState: (state: TailState) => void): Tail {
  const query = logQueryOf(pane.sent.value)
  // Browsers can't send a tenant's name with a WebSocket.
  let sockets = !tenant.value
  let connection: TailState = { kind: 'connecting', text: 'connecting' }
  let paused = false
  let waiting: Entry[] = []
  let cut = false // of those that wait the oldest were left out
  let wait = 1000
  let socket: WebSocket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let attempt = new AbortController()

  const report = (next = connection) => {
    connection = next
    const held = paused && connection.kind === 'live'
    const fresh = waiting.length ? `, ${waiting.length}${cut ? '+' : ''} new` : ''
    onState(held ? { kind: 'paused', text: `paused${fresh}` } : connection)
  }

  const show = (fresh: Entry[]) => {
    waiting = [...fresh, ...waiting]
    cut ||= waiting.length > MOST
    waiting.length = Math.min(waiting.length, MOST)
    if (paused || !waiting.length) return
    const entries = [...waiting, ...pane.entries.value].slice(0, MOST)
    waiting = []
    cut = false
    batch(() => {
      pane.entries.value = entries
      pane.more.value = 'end'
    })
  }

  const newest = (): Entry | undefined => waiting[0] ?? pane.entries.value[0]

  /** Without those that are there already, of which there may be several at the newest moment. */
  const unseen = (entries: Entry[]): Entry[] => {
    const moment = newest()?.timestamp
    const known = [...waiting, ...pane.entries.value].filter(entry => entry.timestamp === moment)
    return entries.filter(entry => !known.some(each => sameEntry(each, entry)))
  }

  const later = (run: () => void, milliseconds: number) => {
    clearTimeout(timer)
    timer = setTimeout(run, milliseconds)
  }

  const connect = () => {
    const start = newest()?.timestamp
    const parameters = { query, start, limit: start ? MOST : RECENT, encoding_flags: CATEGORIZE }
    const opened = new WebSocket(webSocketAddress('loki/api/v1/tail', parameters))
    let first = true
    let worked = false
    socket = opened
    opened.onopen = () => {
      if (socket !== opened) return
      watch.heard()
      worked = true
      wait = 1000
      report(LIVE)
    }
    opened.onmessage = message => {
      if (socket !== opened) return
      watch.heard()
      const frame = JSON.parse(message.data as string) as Frame
      const entries = entriesOf(frame.streams, 'backward')
      // Only the first frame repeats: two equal lines are two lines.
      show(first ? unseen(entries) : entries)
      first = false
      const dropped = frame.dropped_entries?.length
      report(dropped ? { kind: 'live', text: `live, ${dropped} lines left out: too many at once` } : LIVE)
    }
    opened.onclose = event => {
      if (socket !== opened) return
      sockets = worked
      // 1000: the server ends each tail after a while, if it is told to.
      const lost = worked && event.code !== 1000
      if (lost) report(LOST)
      later(() => void ask(), lost ? wait : 0)
    }
  }

  const ask = async () => {
    attempt = new AbortController()
    const { signal } = attempt
    const last = newest()
    const now = Date.now()
    const range = { start: last?.moment ?? now - 60_000, end: now + 60_000 }
    const span = last && { start: last.timestamp, end: nanoseconds(range.end) }
    try {
      const found = await runQuery({ query, range, limit: last ? MOST : RECENT, signal }, span)
      if (signal.aborted) return
      watch.heard()
      if (found.data.kind === 'entries') show(unseen(found.data.entries))
      if (sockets) connect()
      else {
        wait = 1000
        report(ASKING)
        later(() => void ask(), 1000)
      }
    } catch (failure) {
      if (signal.aborted) return
      if (failure instanceof ApiError && failure.status >= 400 && failure.status < 500 && failure.status !== 429) {
        watch.stop()
        report({ kind: 'refused', text: failure.message })
        return
      }
      report(LOST)
      later(() => void ask(), wait)
      wait = Math.min(wait * 2, LONGEST_WAIT)
    }
  }

  const disconnect = () => {
    attempt.abort()
    clearTimeout(timer)
    const open = socket
    socket = undefined // first, so that its end is not taken for a loss
    open?.close()
  }

  const watch = watchServer(() => {
    disconnect()
    report(SILENT)
    later(() => void ask(), wait)
  })

  pane.entries.value = []
  report()
  if (sockets) connect()
  else void ask()

  return {
    pause: value => {
      paused = value
      if (!paused) show([])
      report()
    },
    close: () => {
      watch.stop()
      disconnect()
    },
  }
}
