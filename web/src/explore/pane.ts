// A pane: a query over a range, its answer, and everything that can be done with it.

import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { ApiError, isAbort } from '../api/http'
import { type Answer, runQuery, type Series } from '../api/loki'
import { countedQueryOf, type Structure, structureOf } from '../logql/structure'
import type { Entry } from '../logs/entry'
import { tell } from '../parts/Notices'
import { formatDuration } from '../time/duration'
import { formatMoment } from '../time/format'
import { type Range, type RangeText, resolveRange, stepFor } from '../time/range'
import { withTimes } from '../time/variables'
import type { PaneState } from './address'
import { noteQuery } from './history'
import { PAGE_LINES, pageAfter } from './pages'

export const MOST_LINES = 50_000
export const GRAPH_POINTS = 240
const BARS = 60

/** ms in which a server refuses a query that it can't read, if it is near */
const REFUSAL = 250

export interface Volume {
  series: Series[]
  step: number
}

export interface Pane {
  state: Signal<PaneState>
  draft: Signal<string>
  structure: ReadonlySignal<Structure>
  /** what the shown answer was asked for */
  asked: Signal<Range>
  /** its query as the server gets it: Grafana's variables for times are filled in */
  sent: ReadonlySignal<string>
  running: Signal<{ since: number } | null>
  error: Signal<ApiError | null>
  /** it was cancelled before it had an answer */
  cancelled: Signal<boolean>
  /** when the shown answer came (ms), where a newer one was asked for and did not */
  stale: Signal<number | null>
  answer: Signal<Answer | null>
  entries: Signal<Entry[]>
  volume: Signal<Volume | null>
  /** older lines are being loaded, there are none, or they did not come */
  more: Signal<'idle' | 'loading' | 'end' | ApiError>
  live: Signal<boolean>
  /** new lines of the tail wait: somebody asked for that, or reads further down */
  held: Signal<'' | 'asked' | 'reading'>
  range: () => Range
  change: (change: Partial<PaneState>) => void
  run: () => Promise<void>
  ask: (query: string) => void
  zoom: (range: RangeText) => void
  /** the newest lines first, or the oldest */
  turn: () => void
  /** shows lines as they come, or no longer */
  follow: (on: boolean) => void
  cancel: () => void
  loadMore: () => Promise<void>
}

export function createPane(initial: PaneState): Pane {
  const state = signal(initial)
  const draft = signal(initial.query)
  const asked = signal(resolveRange(initial.range))
  const sent = computed(() => withTimes(state.value.query, asked.value, GRAPH_POINTS))
  const running = signal<{ since: number } | null>(null)
  const error = signal<ApiError | null>(null)
  const cancelled = signal(false)
  const stale = signal<number | null>(null)
  const answer = signal<Answer | null>(null)
  const entries = signal<Entry[]>([])
  const volume = signal<Volume | null>(null)
  const more = signal<'idle' | 'loading' | 'end' | ApiError>('idle')
  const live = signal(false)
  const held = signal<'' | 'asked' | 'reading'>('')
  let isFirst = true
  let controller = new AbortController()
  let answered = { query: '', question: '', at: 0 }

  const question = () => {
    const { query, range, direction } = state.value
    return JSON.stringify([query, range, direction])
  }

  /** Without a new answer the one before stays, if it is to the same question: others would be taken for it. */
  const keepOrClear = () => {
    if (answered.question === question()) {
      stale.value = answered.at
      return
    }
    answer.value = null
    entries.value = []
    volume.value = null
  }

  const change = (part: Partial<PaneState>) => {
    state.value = { ...state.value, ...part }
  }

  const run = async () => {
    controller.abort()
    controller = new AbortController()
    const { signal: aborted } = controller
    const query = draft.value.trim()
    batch(() => {
      change({ query })
      // The first time it was resolved a moment ago, and what is shown before there is a query has asked for it.
      if (!isFirst) asked.value = resolveRange(state.value.range)
      isFirst = false
      error.value = null
      cancelled.value = false
      stale.value = null
      more.value = 'idle'
    })
    if (!query) {
      batch(() => {
        answer.value = null
        entries.value = []
        volume.value = null
      })
      return
    }
    running.value = { since: Date.now() }
    const range = asked.value
    const { isMetric } = structureOf(query)
    if (isMetric) volume.value = null
    try {
      const asking = runQuery({
        query: sent.value,
        range,
        limit: PAGE_LINES,
        direction: state.value.direction,
        step: isMetric ? stepFor(range, GRAPH_POINTS) : undefined,
        signal: aborted,
      })
      // A query that can't be read is refused at once; counting its lines would be refused, too.
      if (!isMetric && answered.query !== query) await settledWithin(asking, REFUSAL)
      const [found, counted] = await Promise.all([
        asking,
        isMetric ? false : countVolume(sent.value, range, aborted, volume),
      ])
      if (aborted.aborted) return
      noteQuery(query)
      answered = { query, question: question(), at: Date.now() }
      batch(() => {
        answer.value = found
        if (!counted) volume.value = null
        if (found.data.kind !== 'entries') live.value = false
        // Lines of a tail are newer than this answer.
        if (!live.value) entries.value = found.data.kind === 'entries' ? found.data.entries : []
        more.value = found.data.kind === 'entries' && found.data.entries.length < PAGE_LINES ? 'end' : 'idle'
        running.value = null
      })
    } catch (failure) {
      if (aborted.aborted || isAbort(failure)) return
      batch(() => {
        error.value = apiError(failure)
        keepOrClear()
        running.value = null
      })
    }
  }

  const loadMore = async () => {
    const isDone = more.value === 'loading' || more.value === 'end'
    const { length } = entries.value
    if (isDone || running.value || live.value || !length || length >= MOST_LINES) return
    more.value = 'loading'
    const { direction } = state.value
    const asking = { query: sent.value, range: asked.value, direction, signal: controller.signal }
    try {
      const page = await pageAfter(entries.value, asking)
      if (live.value) return
      if (page.cutAt !== null)
        tell(`There are more lines of ${formatMoment(page.cutAt)} than an answer holds: Export has them`, 'error')
      batch(() => {
        entries.value = [...entries.value, ...page.fresh]
        more.value = page.isLast ? 'end' : 'idle'
      })
    } catch (failure) {
      if (!isAbort(failure)) more.value = apiError(failure)
    }
  }

  /** Shows what is there, in a range and an order, in which a tail has no place. */
  const show = (part: Partial<PaneState>) => {
    live.value = false
    change(part)
    void run()
  }

  return {
    state,
    draft,
    structure: computed(() => structureOf(draft.value)),
    asked,
    sent,
    running,
    error,
    cancelled,
    stale,
    answer,
    entries,
    volume,
    more,
    live,
    held,
    range: () => resolveRange(state.value.range),
    change,
    run,
    ask: query => {
      draft.value = query
      void run()
    },
    zoom: range => {
      show({ range })
    },
    turn: () => {
      show({ direction: state.value.direction === 'backward' ? 'forward' : 'backward' })
    },
    follow: on => {
      if (on) {
        change({ view: 'lines', direction: 'backward' })
        live.value = true
      } else show({})
    },
    cancel: () => {
      controller.abort()
      batch(() => {
        cancelled.value = true
        keepOrClear()
        running.value = null
      })
    },
    loadMore,
  }
}

function apiError(failure: unknown): ApiError {
  return failure instanceof ApiError ? failure : new ApiError(String(failure), 0)
}

/** Waits for an answer, but no longer than so many ms; throws what went wrong by then. */
async function settledWithin(asking: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise(resolve => {
    timer = setTimeout(resolve, milliseconds)
  })
  try {
    await Promise.race([asking, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Shows the volume as soon as it is there; whether it is. */
async function countVolume(
  query: string,
  range: Range,
  aborted: AbortSignal,
  volume: Signal<Volume | null>,
): Promise<boolean> {
  const step = stepFor(range, BARS)
  const counted = `sum by (detected_level) (count_over_time(${countedQueryOf(query)} [${formatDuration(step)}]))`
  // A count at a moment is of the step before it; moments are round, so that bars stay put when the range moves.
  const grid = { start: Math.floor(range.start / step) * step + step, end: Math.ceil(range.end / step) * step }
  try {
    const found = await runQuery({ query: counted, range: grid, step, purpose: 'logvolhist', signal: aborted })
    if (!aborted.aborted) volume.value = { series: found.data.kind === 'series' ? found.data.series : [], step }
    return true
  } catch (failure) {
    if (isAbort(failure)) throw failure
    return false
  }
}
