// Exploring logs: one pane, or two side by side over the same time.

import { effect } from '@preact/signals'
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { remember, remembered } from '../app/memory'
import { narrow } from '../app/narrow'
import { go, link, place } from '../app/router'
import { useShortcuts } from '../app/shortcuts'
import { TopBar } from '../app/TopBar'
import { useSubject } from '../app/title'
import { asksForLines } from '../logql/structure'
import { copyText } from '../parts/clipboard'
import { Icon } from '../parts/Icon'
import { absolute, type RangeText, shifted, zoomedOut } from '../time/range'
import { TimePicker } from '../time/TimePicker'
import { readState, writeState } from './address'
import { FieldSidebar } from './FieldSidebar'
import { PaneView } from './PaneView'
import { createPane, type Pane } from './pane'

const SECOND_PANE = 'r.'

/** Parameters whose change the browser's back button takes back; others, such as the form of lines, are no step. */
const STEPS = ['q', 'from', 'to'].flatMap(name => [name, SECOND_PANE + name])

export function ExploreView() {
  const [panes, setPanes] = useState<Pane[]>(readPanes)
  const [beside, setBeside] = useState(remembered('sidebar', true))
  // On a phone it covers the lines, and does so when it is asked for.
  const [over, setOver] = useState(false)
  const sidebar = narrow.value ? over : beside
  const toggleSidebar = () => {
    if (narrow.value) setOver(!over)
    else {
      remember('sidebar', !beside)
      setBeside(!beside)
    }
  }
  const main = panes[0]!
  useAddress(panes, setPanes)
  const { range, refresh, query } = main.state.value
  useSubject(query)
  const setRange = (chosen: RangeText) => {
    for (const pane of panes) pane.zoom(chosen)
  }
  const runAll = useCallback(() => {
    for (const pane of panes) if (!pane.live.value) void pane.run()
  }, [panes])
  const toggleSplit = () => setPanes(panes.length > 1 ? [main] : [main, createPane({ ...main.state.value })])
  useShortcuts([
    { keys: '[', does: 'back in time', run: () => setRange(shifted(main.state.value.range, -1)) },
    { keys: ']', does: 'forward in time', run: () => setRange(shifted(main.state.value.range, 1)) },
    { keys: '-', does: 'zoom out', run: () => setRange(zoomedOut(main.state.value.range)) },
    { keys: 's', does: 'split the view', run: toggleSplit },
  ])
  const answered = main.answer.value?.data.kind
  // The place is kept for it while lines are awaited: they would move when it comes.
  const hasSidebar = sidebar && panes.length === 1 && (answered ? answered === 'entries' : asksForLines(query))
  return (
    <>
      <TopBar title="Logs">
        <button
          type="button"
          class="button icon-only"
          aria-pressed={sidebar}
          aria-label="Fields"
          title={narrow.value ? 'Labels and fields' : 'Labels and fields beside the lines'}
          onClick={toggleSidebar}
        >
          <Icon name="columns" />
        </button>
        <button
          type="button"
          class="button icon-only wide-only"
          aria-pressed={panes.length > 1}
          aria-label="Split"
          title="Two queries side by side"
          onClick={toggleSplit}
        >
          <Icon name="split" />
        </button>
        <button
          type="button"
          class="button icon-only"
          aria-label="Copy link"
          title="Copy a link to what is shown, which stays at these times"
          onClick={() => copyText(lastingLink(panes), 'Link copied')}
        >
          <Icon name="link" />
        </button>
        <TimePicker
          range={range}
          onRange={setRange}
          refresh={refresh}
          onRefreshEvery={every => main.change({ refresh: every })}
          onRefresh={runAll}
        />
      </TopBar>
      <main class={`explore${hasSidebar ? ' with-sidebar' : ''}`} id="main">
        {hasSidebar && (answered ? <FieldSidebar pane={main} /> : <div class="sidebar" />)}
        {panes.map((pane, at) => (
          <PaneView key={at} pane={pane} name={at ? 'Second query' : 'Query'} isMain={at === 0} />
        ))}
      </main>
    </>
  )
}

function readPanes(): Pane[] {
  const { parameters } = place.value
  const panes = [createPane(readState(parameters))]
  if ([...parameters.keys()].some(name => name.startsWith(SECOND_PANE)))
    panes.push(createPane(readState(parameters, SECOND_PANE)))
  return panes
}

/** For others, who look at it later: relative times would show them something else. */
function lastingLink(panes: readonly Pane[]): string {
  const parameters = addressOf(panes, pane => ({ ...pane.state.value, range: absolute(pane.asked.value), refresh: '' }))
  return location.origin + location.pathname + link('logs', parameters)
}

function addressOf(panes: readonly Pane[], stateOf = (pane: Pane) => pane.state.value): URLSearchParams {
  const parameters = new URLSearchParams()
  panes.forEach((pane, at) => {
    writeState(stateOf(pane), parameters, at ? SECOND_PANE : '')
  })
  if (panes.length > 1 && ![...parameters.keys()].some(name => name.startsWith(SECOND_PANE)))
    parameters.set(`${SECOND_PANE}q`, '')
  return parameters
}

/** Keeps the address and the panes the same, whichever of the two changes. */
function useAddress(panes: Pane[], setPanes: (panes: Pane[]) => void): void {
  useEffect(
    () =>
      effect(() => {
        const parameters = addressOf(panes)
        const before = place.peek()
        const isStep = STEPS.some(name => before.parameters.get(name) !== parameters.get(name))
        if (before.view === 'logs') go('logs', parameters, !isStep)
      }),
    [panes],
  )
  const now = useMemo(() => place.value.parameters.toString(), [place.value])
  useEffect(() => {
    if (place.value.view === 'logs' && now !== addressOf(panes).toString()) setPanes(readPanes())
  }, [now])
}
