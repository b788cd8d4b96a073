// A pane as it is shown: editor and builder above, the answer below.

import { useEffect, useState } from 'preact/hooks'
import { formatQuery } from '../api/loki'
import { useShortcuts } from '../app/shortcuts'
import { countOf, formatValue } from '../charts/units'
import { QueryEditor } from '../editor/QueryEditor'
import { meantAs } from '../logql/meant'
import { Failure } from '../parts/Empty'
import { Icon } from '../parts/Icon'
import { tell } from '../parts/Notices'
import { readableDuration } from '../time/duration'
import { formatMoment } from '../time/format'
import { laidOutWithTimes } from '../time/variables'
import { Builder } from './Builder'
import { ExplainDialog } from './ExplainDialog'
import { HistoryDialog } from './HistoryDialog'
import { favourites, toggleFavourite } from './history'
import { LinesResult } from './LinesResult'
import { Progress } from './Progress'
import type { Pane } from './pane'
import { SeriesResult } from './SeriesResult'
import { StartHere } from './StartHere'
import { TableResult } from './TableResult'
import { tableOfSamples } from './tables'

interface Properties {
  pane: Pane
  name: string
  isMain: boolean
}

export function PaneView({ pane, name, isMain }: Properties) {
  const [dialog, setDialog] = useState<'explain' | 'history' | null>(null)
  useEffect(() => {
    void pane.run()
  }, [pane])
  usePaneShortcuts(pane, isMain, setDialog)
  const starred = favourites.value.includes(pane.draft.value.trim())
  return (
    <div class="pane">
      <section class="query" aria-label={name}>
        <div class="query-row">
          <QueryEditor
            value={pane.draft}
            label="Query"
            rangeOf={pane.range}
            error={pane.error.value}
            refused={pane.state.value.query}
            onRun={() => void pane.run()}
          />
          <div class="query-tools">
            <button
              type="button"
              class="icon-button"
              aria-pressed={starred}
              title="Favourite"
              aria-label="Favourite"
              onClick={() => toggleFavourite(pane.draft.value.trim())}
            >
              <Icon name="star" filled={starred} />
            </button>
            <button
              type="button"
              class="icon-button"
              title="Queries that were run"
              aria-label="History"
              onClick={() => setDialog('history')}
            >
              <Icon name="history" />
            </button>
            <button
              type="button"
              class="icon-button"
              title="How this query runs"
              aria-label="Explain"
              onClick={() => setDialog('explain')}
            >
              <Icon name="plan" />
            </button>
            <button
              type="button"
              class="icon-button"
              title="Lay the query out"
              aria-label="Format"
              onClick={() => void layOut(pane)}
            >
              <Icon name="braces" />
            </button>
            <button type="button" class="button primary" onClick={() => void pane.run()}>
              <Icon name="play" /> Run
            </button>
          </div>
        </div>
        <Builder pane={pane} />
        <Progress pane={pane} />
      </section>
      <Messages pane={pane} />
      <Result pane={pane} />
      {dialog === 'explain' && <ExplainDialog pane={pane} onClose={() => setDialog(null)} />}
      {dialog === 'history' && (
        <HistoryDialog
          onClose={() => setDialog(null)}
          onChoose={query => {
            setDialog(null)
            pane.ask(query)
          }}
        />
      )}
    </div>
  )
}

function Result({ pane }: { pane: Pane }) {
  const answer = pane.answer.value
  if (!answer) return pane.state.value.query ? null : <StartHere pane={pane} />
  switch (answer.data.kind) {
    case 'entries':
      return <LinesResult pane={pane} />
    case 'series':
      return <SeriesResult pane={pane} series={answer.data.series} />
    case 'samples':
      return <TableResult pane={pane} table={tableOfSamples(answer.data.samples)} />
    case 'table':
      return <TableResult pane={pane} table={answer.data.table} />
  }
}

function Messages({ pane }: { pane: Pane }) {
  const error = pane.error.value
  const answer = pane.answer.value
  const stale = pane.stale.value
  const meant = error?.place && meantAs(pane.state.value.query)
  const { seconds = 0, bytes = 0, lines = 0 } = answer?.statistics ?? {}
  return (
    <div class="messages">
      {error && <Failure message={error.place?.hint ? `${error.message} — ${error.place.hint}` : error.message} />}
      {meant && (
        <p class="hint">
          Did you mean{' '}
          <button type="button" class="button small" onClick={() => pane.ask(meant)}>
            <code>{meant}</code>
          </button>
        </p>
      )}
      {pane.cancelled.value && <p class="warning">The query was cancelled before it had an answer.</p>}
      {stale !== null && <p class="warning">What follows is the answer of {formatMoment(stale, Date.now())}.</p>}
      {answer?.warnings.map(warning => (
        <p key={warning} class="warning">
          {warning}
        </p>
      ))}
      {answer?.infos.map(info => (
        <p key={info} class="hint">
          {info}
        </p>
      ))}
      {answer && (
        <p class="hint answer-cost">
          {readableDuration(seconds * 1000)} · {countOf(lines, 'line')} and {formatValue(bytes, 'bytes')} read
        </p>
      )}
    </div>
  )
}

async function layOut(pane: Pane): Promise<void> {
  try {
    const written = pane.draft.value
    const laidOut = await laidOutWithTimes(written, formatQuery)
    // What was written meanwhile stays.
    if (pane.draft.value === written) pane.draft.value = laidOut
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error), 'error')
  }
}

function followOrStop(pane: Pane): void {
  if (pane.answer.value?.data.kind === 'entries') pane.follow(!pane.live.value)
}

function usePaneShortcuts(pane: Pane, isMain: boolean, open: (dialog: 'explain' | 'history') => void): void {
  useShortcuts(
    isMain
      ? [
          {
            keys: '/',
            does: 'write the query',
            run: () => document.querySelector<HTMLElement>('.cm-content')?.focus(),
          },
          { keys: 'r', does: 'run the query again', run: () => void pane.run() },
          { keys: 'e', does: 'explain the query', run: () => open('explain') },
          { keys: 'h', does: 'queries that were run', run: () => open('history') },
          { keys: 'w', does: 'wrap lines', run: () => pane.change({ wrap: !pane.state.value.wrap }) },
          { keys: 'l', does: 'live tail', run: () => followOrStop(pane) },
        ]
      : [],
  )
}
