import { useMemo, useState } from 'preact/hooks'
import { align } from '../charts/align'
import { Legend } from '../charts/Legend'
import { coloursOf } from '../charts/palette'
import { TimeChart } from '../charts/TimeChart'
import type { Range } from '../time/range'
import { colourNamed } from './colours'
import type { NamedSeries } from './data'
import type { Panel } from './model'

interface Properties {
  panel: Panel
  series: NamedSeries[]
  range: Range
  onZoom: (range: Range) => void
}

const FIGURES: Record<string, 'last' | 'mean' | 'max' | 'sum'> = {
  lastNotNull: 'last',
  last: 'last',
  mean: 'mean',
  max: 'max',
  sum: 'sum',
}

export function TimePanel({ panel, series, range, onZoom }: Properties) {
  const [hidden, setHidden] = useState<Set<string>>(new Set())
  const { times, items } = useMemo(() => {
    const aligned = align(series)
    const colours = coloursOf(series)
    return {
      times: aligned.times,
      items: series.map((each, at) => ({
        name: each.name,
        colour: colours[at]!,
        values: aligned.columns[at]!,
      })),
    }
  }, [series])
  const defaults = panel.fieldConfig?.defaults
  const custom = defaults?.custom
  const bars = custom?.drawStyle === 'bars' || panel.type === 'barchart'
  const kind = bars ? 'bars' : (custom?.fillOpacity ?? 0) > 0 ? 'area' : 'line'
  const stacked = (custom?.stacking?.mode ?? 'none') !== 'none'
  const legend = panel.options?.legend
  const showsLegend = legend?.showLegend !== false && legend?.displayMode !== 'hidden' && items.length > 0
  const thresholds = (custom?.thresholdsStyle?.mode ?? 'off') === 'off' ? [] : (defaults?.thresholds?.steps ?? [])
  const step = series[0]?.step
  return (
    <>
      <TimeChart
        times={bars && step ? times.map(time => time - step) : times}
        series={items.filter(item => !hidden.has(item.name))}
        range={range}
        kind={kind}
        stacked={stacked}
        step={bars ? step : undefined}
        unit={defaults?.unit}
        thresholds={thresholds.flatMap(each =>
          each.value === null ? [] : [{ value: each.value, colour: colourNamed(each.color) }],
        )}
        label={`${panel.title ?? 'Graph'}: ${items.length} series over time`}
        onZoom={onZoom}
      />
      {showsLegend && (
        <Legend
          items={items}
          hidden={hidden}
          onHide={setHidden}
          unit={defaults?.unit}
          kind={kind}
          figures={(legend?.calcs ?? []).flatMap(name => FIGURES[name] ?? [])}
        />
      )}
    </>
  )
}
