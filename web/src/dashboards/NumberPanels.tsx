// Panels of single numbers: stat, gauge, bar gauge.

import { formatValue } from '../charts/units'
import { css, thresholdColour } from './colours'
import { type NamedSeries, reduced } from './data'
import type { Panel } from './model'

interface Properties {
  panel: Panel
  series: NamedSeries[]
}

function numbersOf({ panel, series }: Properties) {
  const calculation = panel.options?.reduceOptions?.calcs?.[0]
  const defaults = panel.fieldConfig?.defaults
  return series.map(each => {
    const value = reduced(each.values, calculation)
    return {
      name: each.name,
      value,
      text: formatValue(value, defaults?.unit, defaults?.decimals),
      colour: css(thresholdColour(value, defaults)),
      trend: each.values,
    }
  })
}

export function StatPanel(properties: Properties) {
  const numbers = numbersOf(properties)
  return (
    <div class="stats">
      {numbers.map(({ name, text, colour, trend }) => (
        <div key={name} class="stat">
          {trend.length > 2 && <Trend values={trend} colour={colour} />}
          <strong style={{ color: colour }}>{text}</strong>
          {numbers.length > 1 && <span>{name}</span>}
        </div>
      ))}
    </div>
  )
}

function Trend({ values, colour }: { values: readonly (number | null)[]; colour: string }) {
  const most = Math.max(1e-9, ...values.map(value => value ?? 0))
  const points = values
    .map((value, at) => `${(at / (values.length - 1)) * 100},${30 - ((value ?? 0) / most) * 28}`)
    .join(' ')
  return (
    <svg class="trend" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points} style={{ stroke: colour }} />
    </svg>
  )
}

export function GaugePanel(properties: Properties) {
  const defaults = properties.panel.fieldConfig?.defaults
  const numbers = numbersOf(properties)
  const least = defaults?.min ?? 0
  const most = defaults?.max ?? Math.max(1e-9, ...numbers.map(number => (number.value ?? 0) * 1.25))
  return (
    <div class="stats">
      {numbers.map(({ name, value, text, colour }) => {
        const share = Math.max(0, Math.min(1, ((value ?? least) - least) / (most - least)))
        return (
          <div key={name} class="gauge">
            <svg viewBox="0 0 120 66" role="img" aria-label={`${name}: ${text}`}>
              <path d="M10 60a50 50 0 0 1 100 0" class="gauge-track" pathLength={100} />
              <path
                d="M10 60a50 50 0 0 1 100 0"
                class="gauge-value"
                pathLength={100}
                style={{ stroke: colour, strokeDasharray: `${share * 100} 200` }}
              />
            </svg>
            <strong>{text}</strong>
            <span>{name}</span>
          </div>
        )
      })}
    </div>
  )
}

/** Characters from which on names stand above their bars. */
const LONG_NAME = 24

export function BarsPanel(properties: Properties) {
  const numbers = numbersOf(properties).sort((a, b) => (b.value ?? 0) - (a.value ?? 0))
  const most =
    properties.panel.fieldConfig?.defaults?.max ?? Math.max(1e-9, ...numbers.map(number => number.value ?? 0))
  const hasLongNames = numbers.some(number => number.name.length > LONG_NAME)
  return (
    <ul class={hasLongNames ? 'bar-list bar-list-long' : 'bar-list'}>
      {numbers.map(({ name, value, text, colour }) => (
        <li key={name}>
          <span class="bar-name" title={name}>
            {name}
          </span>
          <span class="bar-track">
            <i style={{ width: `${Math.min(100, ((value ?? 0) / most) * 100)}%`, background: colour }} />
          </span>
          <strong>{text}</strong>
        </li>
      ))}
    </ul>
  )
}
