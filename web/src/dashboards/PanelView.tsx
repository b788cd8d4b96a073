// A panel: its heading, and what its type makes of the answer.

import type { ApiError } from '../api/http'
import type { QueryData } from '../api/loki'
import { go } from '../app/router'
import { DataTable } from '../charts/DataTable'
import { tableOfSamples, tableOfSeries } from '../explore/tables'
import { Failure } from '../parts/Empty'
import { Icon } from '../parts/Icon'
import { useLoaded } from '../parts/useLoaded'
import { absolute, type Range, type RangeText } from '../time/range'
import { asksForSeries, askTargets, seriesOf, type TargetAnswer } from './data'
import { interpolate, type Scope } from './interpolate'
import { LogsPanel } from './LogsPanel'
import { safeUrl } from './links'
import { Markdown } from './Markdown'
import type { Link, Panel } from './model'
import { BarsPanel, GaugePanel, StatPanel } from './NumberPanels'
import { TimePanel } from './TimePanel'

export interface PanelContext {
  range: Range
  text: RangeText
  scope: Scope
  onRange: (range: RangeText) => void
}

/** What may be done with a panel while its dashboard is edited. */
export interface PanelActions {
  onEdit: (panel: Panel) => void
  onMove: (panel: Panel, by: 1 | -1) => void
  onRemove: (panel: Panel) => void
}

interface Properties {
  panel: Panel
  context: PanelContext
  actions?: PanelActions
}

export function PanelView({ panel, context, actions }: Properties) {
  const { range, scope, text } = context
  const { x, y, w, h } = panel.gridPos!
  const key = `${JSON.stringify(panel.targets)} ${JSON.stringify(scope)} ${range.start} ${range.end}`
  const answers = useLoaded(signal => askTargets(panel, range, scope, signal), [key])
  const first = panel.targets?.find(target => target.expr)
  const query = interpolate(first?.expr ?? '', scope, range)
  const inMetrics = first !== undefined && asksForSeries(panel, first)
  const links = [
    ...(panel.links ?? []),
    ...(panel.fieldConfig?.defaults?.links ?? []),
    ...(panel.fieldConfig?.defaults?.custom?.links ?? []),
  ]
  const title = interpolate(panel.title ?? '', scope, range, 'text')
  return (
    <section
      class={`panel panel-${panel.type}`}
      aria-label={title || panel.type}
      style={{ gridColumn: `${x + 1} / span ${w}`, gridRow: `${y + 1} / span ${h}` }}
    >
      <header class="panel-head">
        <h2 title={panel.description}>{title}</h2>
        {answers.loading && <span class="dot" role="status" aria-label="loading" />}
        <span class="spacer" />
        {links.map(link => (
          <PanelLink key={`${link.title}${link.url}`} link={link} context={context} />
        ))}
        {actions && <PanelButtons panel={panel} title={title} actions={actions} />}
        {query && (
          <button
            type="button"
            class="icon-button"
            title={`Open in ${inMetrics ? 'Metrics' : 'Logs'}`}
            aria-label={`Explore ${title}`}
            onClick={() => go(inMetrics ? 'metrics' : 'logs', { q: query, from: text.from, to: text.to })}
          >
            <Icon name="search" />
          </button>
        )}
      </header>
      <div class="panel-body">
        {answers.error ? (
          <PanelError error={answers.error} />
        ) : (
          answers.value && <PanelBody panel={panel} answers={answers.value} query={query} context={context} />
        )}
      </div>
    </section>
  )
}

function PanelButtons({ panel, title, actions }: { panel: Panel; title: string; actions: PanelActions }) {
  const buttons = [
    ['left', 'Move earlier', () => actions.onMove(panel, -1)],
    ['right', 'Move later', () => actions.onMove(panel, 1)],
    ['edit', 'Edit', () => actions.onEdit(panel)],
    ['trash', 'Remove', () => actions.onRemove(panel)],
  ] as const
  return (
    <>
      {buttons.map(([icon, does, run]) => (
        <button
          key={does}
          type="button"
          class="icon-button edits"
          title={does}
          aria-label={`${does} ${title}`}
          onClick={run}
        >
          <Icon name={icon} />
        </button>
      ))}
    </>
  )
}

function PanelLink({ link, context }: { link: Link; context: PanelContext }) {
  const url = safeUrl(interpolate(link.url ?? '', context.scope, context.range, 'text'))
  if (!url) return null
  return (
    <a class="panel-link" href={url} target={link.targetBlank ? '_blank' : undefined} rel="noreferrer">
      <Icon name="link" /> {link.title}
    </a>
  )
}

function PanelError({ error }: { error: ApiError }) {
  return <Failure message={error.message} />
}

/** Types that show nothing at all where there is nothing to show. */
const OF_NUMBERS = new Set(['table', 'stat', 'gauge', 'bargauge', 'bar', 'timeseries', 'graph', 'barchart'])

function hasData(data: QueryData): boolean {
  switch (data.kind) {
    case 'entries':
      return data.entries.length > 0
    case 'series':
      return data.series.length > 0
    case 'samples':
      return data.samples.length > 0
    case 'table':
      return data.table.rows.length > 0
  }
}

function TextPanel({ panel, context }: { panel: Panel; context: PanelContext }) {
  const { content = '', mode } = panel.options ?? {}
  const text = interpolate(content, context.scope, context.range, 'text')
  // What is called HTML is shown as it is written: nothing that a dashboard brings becomes a part of the page.
  const written = mode === 'code' ? <pre>{text}</pre> : mode === 'html' ? <p>{text}</p> : <Markdown text={text} />
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long text scrolls, which has to go by keys, too
    <div class="text-panel" tabIndex={0}>
      {written}
    </div>
  )
}

interface BodyProperties {
  panel: Panel
  answers: TargetAnswer[]
  query: string
  context: PanelContext
}

function PanelBody({ panel, answers, query, context }: BodyProperties) {
  const lines = answers.flatMap(({ data }) => (data.kind === 'entries' ? data.entries : []))
  const table = answers.map(({ data }) => data).find(data => data.kind === 'table')
  if (OF_NUMBERS.has(panel.type) && !answers.some(({ data }) => hasData(data)))
    return <p class="no-data">No data in this range</p>
  switch (panel.type) {
    case 'logs':
      return <LogsPanel panel={panel} query={query} entries={lines} range={context.text} />
    case 'text':
      return <TextPanel panel={panel} context={context} />
    case 'table': {
      if (table)
        return <DataTable table={table.table} label={panel.title ?? 'Table'} unit={panel.fieldConfig?.defaults?.unit} />
      if (lines.length) return <LogsPanel panel={panel} query={query} entries={lines} range={context.text} />
      const samples = answers.flatMap(({ data }) => (data.kind === 'samples' ? data.samples : []))
      const made = samples.length ? tableOfSamples(samples) : tableOfSeries(seriesOf(answers))
      return (
        <DataTable
          table={made}
          label={panel.title ?? 'Table'}
          unit={panel.fieldConfig?.defaults?.unit}
          order={{ column: made.columns.length - 1, descending: true }}
        />
      )
    }
    case 'stat':
      return <StatPanel panel={panel} series={seriesOf(answers)} />
    case 'gauge':
      return <GaugePanel panel={panel} series={seriesOf(answers)} />
    case 'bargauge':
    case 'bar':
      return <BarsPanel panel={panel} series={seriesOf(answers)} />
    case 'timeseries':
    case 'graph':
    case 'barchart':
      if (answers.every(({ data }) => data.kind === 'samples'))
        return <BarsPanel panel={panel} series={seriesOf(answers)} />
      return (
        <TimePanel
          panel={panel}
          series={seriesOf(answers)}
          range={context.range}
          onZoom={range => context.onRange(absolute(range))}
        />
      )
    default:
      return <p class="hint">Panels of type {panel.type} are kept, but not shown here.</p>
  }
}
