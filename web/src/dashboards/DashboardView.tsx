// A dashboard: its variables, and its panels in Grafana's grid of 24 columns.

import { useCallback, useMemo, useState } from 'preact/hooks'
import { may, whyNot } from '../api/identity'
import { importDashboard, readDashboard } from '../api/sigyn'
import { go, link, place } from '../app/router'
import { TopBar } from '../app/TopBar'
import { useSubject } from '../app/title'
import { saveFile } from '../charts/export'
import { Empty, Failure } from '../parts/Empty'
import { Icon } from '../parts/Icon'
import { tell } from '../parts/Notices'
import { useLoaded } from '../parts/useLoaded'
import { messageOf, useWork } from '../parts/useWork'
import { type RangeText, resolveRange } from '../time/range'
import { TimePicker } from '../time/TimePicker'
import { DeleteDialog } from './DeleteDialog'
import { draftOf, keepDraft } from './drafts'
import { addPanel, editable, movePanel, panelOf, removePanel, replacePanel } from './edit'
import { ImportDialog } from './ImportDialog'
import { interpolate } from './interpolate'
import { type Dashboard, type Panel, rowsOf } from './model'
import { PanelDialog } from './PanelDialog'
import { type PanelActions, type PanelContext, PanelView } from './PanelView'
import { asWritten, repeated, repeatedBy, type ShownRow } from './repeat'
import { VariableBar } from './VariableBar'
import { VariablesDialog } from './VariablesDialog'
import { initialValue, scopeOf, valuesIn } from './variables'

export function DashboardView({ uid }: { uid: string }) {
  const dashboard = useLoaded(signal => readDashboard<Dashboard>(uid, signal), [uid])
  const [written, setWritten] = useState<Dashboard | null>(null)
  const shown = written ?? dashboard.value
  if (dashboard.error || !shown) {
    return (
      <>
        <TopBar title={<a href={link('dashboards')}>Dashboards</a>} />
        <main id="main" class="padded">
          {dashboard.error && <Failure message={dashboard.error.message} />}
        </main>
      </>
    )
  }
  return <Shown key={shown.uid} dashboard={shown} onSaved={setWritten} />
}

function Shown({ dashboard: saved, onSaved }: { dashboard: Dashboard; onSaved: (written: Dashboard) => void }) {
  const { parameters } = place.value
  const [dialog, setDialog] = useState<'json' | 'delete' | 'variables' | null>(null)
  const draft = draftOf(saved.uid)
  const setDraft = (changed: Dashboard | null) => keepDraft(saved.uid, changed)
  const [panel, setPanel] = useState<Panel | null>(null)
  const dashboard = draft ?? saved
  useSubject(dashboard.title)
  const [, setRound] = useState(0)
  const text: RangeText = {
    from: parameters.get('from') ?? dashboard.time?.from ?? 'now-1h',
    to: parameters.get('to') ?? dashboard.time?.to ?? 'now',
  }
  const [range, setResolved] = useState(() => ({ key: '', range: resolveRange(text) }))
  const key = `${text.from} ${text.to}`
  if (range.key !== key) setResolved({ key, range: resolveRange(text) })
  const variables = dashboard.templating?.list ?? []
  const chosen = Object.fromEntries(variables.map(variable => [variable.name, initialValue(variable, parameters)]))
  const change = (values: Record<string, string | string[]>) => {
    const next = new URLSearchParams(place.value.parameters)
    for (const [name, value] of Object.entries(values)) {
      next.delete(name)
      for (const each of typeof value === 'string' ? [value] : value) next.append(name, each)
    }
    go('dashboards', next)
  }
  const refresh = useCallback(() => {
    setResolved({ key: '', range: resolveRange(text) })
    setRound(round => round + 1)
  }, [key])
  const valuesOf = useMemo(() => valuesIn(range.range), [range.range.start, range.range.end])
  const rows = rowsOf(dashboard)
  const repeating = repeatedBy(rows)
  const scope = useLoaded(
    () => scopeOf(variables, chosen, valuesOf, repeating),
    [JSON.stringify(variables), JSON.stringify(chosen), valuesOf, [...repeating].join()],
  )
  const context: PanelContext | null = scope.value
    ? { range: range.range, text, scope: scope.value, onRange: ({ from, to }) => change({ from, to }) }
    : null
  const actions: PanelActions | undefined = draft
    ? {
        onEdit: ({ id }) => setPanel(panelOf(draft, id!)),
        onMove: (moved, by) => setDraft(movePanel(draft, moved.id!, by)),
        onRemove: removed => setDraft(removePanel(draft, removed.id!)),
      }
    : undefined
  const { busy, run } = useWork()
  const report = (failure: unknown) => tell(messageOf(failure), 'error')
  /** Editing ends with the dashboard as it is saved now: a change that began at an older one would undo this one. */
  const finish = async () => {
    onSaved(await readDashboard<Dashboard>(saved.uid))
    setDraft(null)
  }
  const save = async () => {
    try {
      await importDashboard(JSON.stringify(draft))
      await finish()
      tell('Saved')
    } catch (failure) {
      report(failure)
    }
  }
  const add = () => {
    const added = addPanel(draft ?? editable(saved))
    setDraft(added.dashboard)
    setPanel(added.panel)
  }
  return (
    <>
      <TopBar
        title={
          <>
            <a href={link('dashboards')}>Dashboards</a>
            <span class="crumb">/</span>
            {draft ? (
              <input
                class="title-field"
                aria-label="Title of the dashboard"
                value={draft.title}
                onInput={event => setDraft({ ...draft, title: event.currentTarget.value })}
              />
            ) : (
              dashboard.title
            )}
          </>
        }
      >
        {draft ? (
          <>
            <button type="button" class="button" onClick={add}>
              <Icon name="plus" /> Panel
            </button>
            <button type="button" class="button" onClick={() => setDialog('variables')}>
              <Icon name="filter" /> Variables
            </button>
            <button type="button" class="button" onClick={() => setDialog('json')}>
              <Icon name="braces" /> JSON
            </button>
            <button type="button" class="button" onClick={() => setDraft(null)}>
              Discard
            </button>
            <button type="button" class="button primary" disabled={busy} onClick={() => run(save)}>
              Save
            </button>
          </>
        ) : (
          <>
            <button
              type="button"
              class="button icon-only"
              title="Export as JSON"
              aria-label="Export"
              onClick={() => saveFile(`${dashboard.uid}.json`, JSON.stringify(dashboard, null, 2), 'application/json')}
            >
              <Icon name="download" />
            </button>
            <button
              type="button"
              class="button icon-only"
              title={whyNot('rules') ?? 'Edit'}
              disabled={!may('rules')}
              aria-label="Edit"
              onClick={() => setDraft(editable(saved))}
            >
              <Icon name="edit" />
            </button>
            <button
              type="button"
              class="button icon-only"
              title={whyNot('rules') ?? 'Delete'}
              disabled={!may('rules')}
              aria-label="Delete"
              onClick={() => setDialog('delete')}
            >
              <Icon name="trash" />
            </button>
          </>
        )}
        <TimePicker
          range={text}
          onRange={chosenRange => change({ from: chosenRange.from, to: chosenRange.to })}
          refresh={parameters.get('refresh') ?? (dashboard.refresh || '')}
          onRefreshEvery={every => change({ refresh: every })}
          onRefresh={refresh}
        />
      </TopBar>
      <main id="main" class="dashboard">
        <VariableBar
          variables={variables}
          chosen={chosen}
          scope={scope.value ?? (scope.error && {})}
          valuesOf={valuesOf}
          onChoose={(name, values) => change({ [`var-${name}`]: values })}
        />
        {scope.error && <Failure message={scope.error.message} />}
        {!dashboard.panels?.length && (
          <Empty title="No panels yet">
            <p>A panel shows the answer of a query: as a graph, a number, a table, or lines.</p>
            <p>
              <button
                type="button"
                class="button primary"
                disabled={!may('rules')}
                title={whyNot('rules')}
                onClick={add}
              >
                <Icon name="plus" /> Add a panel
              </button>
            </p>
          </Empty>
        )}
        {context &&
          (draft ? asWritten : repeated)(rows, context.scope).map(shown => (
            <DashboardRow key={shown.key} shown={shown} context={context} actions={actions} />
          ))}
      </main>
      {draft && panel && (
        <PanelDialog
          key={panel.id}
          panel={panel}
          range={range.range}
          onClose={() => setPanel(null)}
          onDone={changed => {
            setDraft(replacePanel(draft, changed))
            setPanel(null)
          }}
        />
      )}
      {draft && dialog === 'variables' && (
        <VariablesDialog
          variables={variables}
          onClose={() => setDialog(null)}
          onDone={list => {
            setDraft({ ...draft, templating: { ...draft.templating, list } })
            setDialog(null)
          }}
        />
      )}
      {dialog === 'delete' && (
        <DeleteDialog dashboard={saved} onClose={() => setDialog(null)} onDone={() => go('dashboards')} />
      )}
      {dialog === 'json' && (
        <ImportDialog
          title={`Edit ${dashboard.title}`}
          text={JSON.stringify(dashboard, null, 2)}
          replaces={saved.uid}
          onClose={() => setDialog(null)}
          onDone={async () => {
            await finish().catch(report)
            setDialog(null)
          }}
        />
      )}
    </>
  )
}

interface RowProperties {
  shown: ShownRow
  context: PanelContext
  actions?: PanelActions
}

function DashboardRow({ shown: { row, scope, panels }, context, actions }: RowProperties) {
  const [open, setOpen] = useState(!row.collapsed)
  const top = Math.min(...panels.map(({ panel }) => panel.gridPos!.y))
  const title = interpolate(row.title, scope, context.range, 'text')
  return (
    <section class="dashboard-row" aria-label={title || undefined}>
      {title && (
        <h2>
          <button type="button" class="row-title" aria-expanded={open} onClick={() => setOpen(!open)}>
            <Icon name={open ? 'down' : 'right'} /> {title}
          </button>
        </h2>
      )}
      {open && (
        <div class="panel-grid">
          {panels.map(({ key, panel, scope }) => (
            <PanelView
              key={key}
              panel={{ ...panel, gridPos: { ...panel.gridPos!, y: panel.gridPos!.y - top } }}
              context={{ ...context, scope }}
              actions={actions}
            />
          ))}
        </div>
      )}
    </section>
  )
}
