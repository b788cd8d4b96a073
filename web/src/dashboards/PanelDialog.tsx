// A panel's title, type, queries, unit, legend, thresholds and size. What else its JSON holds is kept.

import { useSignal, useSignalEffect } from '@preact/signals'
import { useRef, useState } from 'preact/hooks'
import { QueryEditor } from '../editor/QueryEditor'
import { Dialog } from '../parts/Dialog'
import { Icon } from '../parts/Icon'
import type { Range } from '../time/range'
import { asksForSeries } from './data'
import { COLUMNS, type Panel, type Target } from './model'

const TYPES = ['timeseries', 'barchart', 'stat', 'gauge', 'bargauge', 'table', 'logs', 'text'] as const
const UNITS: readonly (readonly [string, string])[] = [
  ['short', 'number'],
  ['none', 'number, in full'],
  ['percent', 'percent (0–100)'],
  ['percentunit', 'percent (0–1)'],
  ['bytes', 'bytes'],
  ['Bps', 'bytes a second'],
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['ns', 'nanoseconds'],
  ['logs/s', 'a second'],
]
const COLOURS = ['green', 'yellow', 'orange', 'red', 'blue', 'purple'] as const

interface Step {
  color: string
  value: number | null
}

interface Properties {
  panel: Panel
  /** of which the queries' completion speaks */
  range: Range
  onClose: () => void
  onDone: (panel: Panel) => void
}

export function PanelDialog({ panel, range, onClose, onDone }: Properties) {
  const [draft, setDraft] = useState(panel)
  const defaults = draft.fieldConfig?.defaults ?? {}
  const targets = draft.targets?.length ? draft.targets : [{ refId: 'A', expr: '' }]
  const steps = defaults.thresholds?.steps ?? []
  const change = (changed: Partial<Panel>) => setDraft({ ...draft, ...changed })
  const changeDefaults = (changed: Partial<typeof defaults>) =>
    change({ fieldConfig: { ...draft.fieldConfig, defaults: { ...defaults, ...changed } } })
  const changeSteps = (changed: Step[]) =>
    changeDefaults({
      thresholds: { ...defaults.thresholds, mode: 'absolute', steps: changed },
      custom: { ...defaults.custom, thresholdsStyle: { mode: changed.length > 1 ? 'line' : 'off' } },
    })
  const changeTarget = (at: number, changed: Partial<Target>) =>
    change({ targets: targets.map((target, index) => (index === at ? { ...target, ...changed } : target)) })
  const size = draft.gridPos!
  const units =
    UNITS.some(([id]) => id === defaults.unit) || !defaults.unit
      ? UNITS
      : [...UNITS, [defaults.unit, defaults.unit] as const]
  return (
    <Dialog title="Panel" class="wide" onClose={onClose}>
      <form
        class="panel-form"
        onSubmit={event => {
          event.preventDefault()
          onDone(draft)
        }}
      >
        <label>
          Title
          <input value={draft.title ?? ''} onInput={event => change({ title: event.currentTarget.value })} />
        </label>
        <label>
          Type
          <select class="select" value={draft.type} onChange={event => change({ type: event.currentTarget.value })}>
            {[...new Set<string>([...TYPES, draft.type])].map(type => (
              <option key={type}>{type}</option>
            ))}
          </select>
        </label>
        {draft.type === 'text' ? (
          <label class="wide">
            Text
            <textarea
              value={draft.options?.content ?? ''}
              onInput={event => change({ options: { ...draft.options, content: event.currentTarget.value } })}
            />
          </label>
        ) : (
          targets.map((target, at) => (
            <TargetFields
              key={target.refId ?? at}
              number={at + 1}
              target={target}
              ofSeries={asksForSeries(draft, target)}
              range={range}
              onRun={() => onDone(draft)}
              onChange={changed => changeTarget(at, changed)}
              onRemove={
                targets.length > 1 ? () => change({ targets: targets.filter((_, index) => index !== at) }) : undefined
              }
            />
          ))
        )}
        {draft.type !== 'text' && (
          <p class="wide">
            <button
              type="button"
              class="button small"
              onClick={() => change({ targets: [...targets, { refId: nextReference(targets), expr: '' }] })}
            >
              Add a query
            </button>
          </p>
        )}
        <label>
          Unit
          <select
            class="select"
            value={defaults.unit ?? 'short'}
            onChange={event => changeDefaults({ unit: event.currentTarget.value })}
          >
            {units.map(([id, name]) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={draft.options?.legend?.showLegend !== false && draft.options?.legend?.displayMode !== 'hidden'}
            onChange={event => {
              const showLegend = event.currentTarget.checked
              const displayMode = showLegend && draft.options?.legend?.displayMode === 'hidden' ? 'list' : undefined
              const legend = { ...draft.options?.legend, showLegend, ...(displayMode && { displayMode }) }
              change({ options: { ...draft.options, legend } })
            }}
          />
          Legend
        </label>
        <fieldset class="wide thresholds">
          <legend>Thresholds</legend>
          {steps.map((step, at) => (
            <div key={at} class="threshold">
              <select
                class="select"
                aria-label={`Colour ${at + 1}`}
                value={step.color}
                onChange={event =>
                  changeSteps(
                    steps.map((each, index) => (index === at ? { ...each, color: event.currentTarget.value } : each)),
                  )
                }
              >
                {[...new Set<string>([...COLOURS, step.color])].map(colour => (
                  <option key={colour}>{colour}</option>
                ))}
              </select>
              {step.value === null ? (
                <span class="hint">below all others</span>
              ) : (
                <>
                  from
                  <input
                    type="number"
                    step="any"
                    aria-label={`Threshold ${at + 1}`}
                    value={step.value}
                    onChange={event =>
                      changeSteps(
                        steps.map((each, index) =>
                          index === at ? { ...each, value: Number(event.currentTarget.value) } : each,
                        ),
                      )
                    }
                  />
                  <button
                    type="button"
                    class="icon-button"
                    aria-label={`Remove threshold ${at + 1}`}
                    onClick={() => changeSteps(steps.filter((_, index) => index !== at))}
                  >
                    <Icon name="close" />
                  </button>
                </>
              )}
            </div>
          ))}
          <button
            type="button"
            class="button small"
            onClick={() => {
              const base: Step[] = steps.length ? steps : [{ color: 'green', value: null }]
              changeSteps([...base, { color: 'red', value: (base.at(-1)!.value ?? 0) + 1 }])
            }}
          >
            Add a threshold
          </button>
        </fieldset>
        <label>
          Width (of {COLUMNS})
          <input
            type="number"
            min={1}
            max={COLUMNS}
            value={size.w}
            onChange={event => change({ gridPos: { ...size, w: within(event.currentTarget.value, 1, COLUMNS) } })}
          />
        </label>
        <label>
          Height
          <input
            type="number"
            min={2}
            max={60}
            value={size.h}
            onChange={event => change({ gridPos: { ...size, h: within(event.currentTarget.value, 2, 60) } })}
          />
        </label>
        <p class="wide">
          <button type="submit" class="button primary">
            Apply
          </button>
        </p>
      </form>
    </Dialog>
  )
}

interface TargetProperties {
  number: number
  target: Target
  ofSeries: boolean
  range: Range
  onRun: () => void
  onChange: (changed: Partial<Target>) => void
  onRemove?: () => void
}

function TargetFields({ number, target, ofSeries, range, onRun, onChange, onRemove }: TargetProperties) {
  const written = useSignal(target.expr ?? '')
  const latest = useRef(onChange)
  latest.current = onChange
  useSignalEffect(() => {
    const expr = written.value
    if (expr !== (target.expr ?? '')) latest.current({ expr })
  })
  return (
    <fieldset class="wide target">
      <legend>Query {number}</legend>
      <QueryEditor value={written} label={`Query ${number}`} rangeOf={() => range} onRun={onRun} />
      <label>
        Asks for
        <select
          class="select"
          aria-label={`Language ${number}`}
          value={ofSeries ? 'prometheus' : 'loki'}
          onChange={event => onChange({ datasource: { type: event.currentTarget.value } })}
        >
          <option value="loki">logs, in LogQL</option>
          <option value="prometheus">recorded series, in PromQL</option>
        </select>
      </label>
      <label>
        Legend
        <input
          placeholder="{{label}}"
          aria-label={`Legend ${number}`}
          value={target.legendFormat ?? ''}
          onInput={event => onChange({ legendFormat: event.currentTarget.value })}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={target.instant ?? target.queryType === 'instant'}
          onChange={event =>
            onChange({
              instant: event.currentTarget.checked,
              queryType: event.currentTarget.checked ? 'instant' : 'range',
            })
          }
        />
        At the end of the range only
      </label>
      {onRemove && (
        <button type="button" class="button small" onClick={onRemove}>
          Remove
        </button>
      )}
    </fieldset>
  )
}

function within(text: string, least: number, most: number): number {
  return Math.max(least, Math.min(most, Math.round(Number(text)) || least))
}

function nextReference(targets: readonly Target[]): string {
  const taken = new Set(targets.map(target => target.refId))
  return [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].find(each => !taken.has(each)) ?? `Q${targets.length + 1}`
}
