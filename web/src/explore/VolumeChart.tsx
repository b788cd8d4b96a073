// How much there is, by level, over time. Dragging zooms.

import { useMemo, useState } from 'preact/hooks'
import { align } from '../charts/align'
import { Legend } from '../charts/Legend'
import { TimeChart } from '../charts/TimeChart'
import { formatCount } from '../charts/units'
import { LEVELS, levelColour, levelOf } from '../logs/levels'
import { absolute } from '../time/range'
import type { Pane } from './pane'

export function VolumeChart({ pane }: { pane: Pane }) {
  const [hidden, setHidden] = useState<Set<string>>(new Set())
  const volume = pane.volume.value
  const items = useMemo(() => {
    if (!volume) return null
    const named = volume.series.map(each => ({ level: levelOf(each.labels.detected_level || 'unknown'), series: each }))
    named.sort((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level))
    const { times, columns } = align(named.map(each => each.series))
    const series = named.map((each, at) => ({
      name: each.level as string,
      colour: levelColour(each.level),
      values: columns[at]!,
    }))
    // A count is of the step before its moment, where the bar belongs.
    return {
      times: times.map(time => time - volume.step),
      series,
      total: columns.flat().reduce<number>((sum, value) => sum + (value ?? 0), 0),
    }
  }, [volume])
  if (!volume || !items) return <div class="volume empty" />
  const shown = items.series.filter(each => !hidden.has(each.name))
  return (
    <section class="volume" aria-label="Volume of lines">
      <TimeChart
        times={items.times}
        series={shown}
        range={pane.asked.value}
        height={104}
        kind="bars"
        stacked
        step={volume.step}
        label={`${formatCount(items.total)} lines over time, by level`}
        onZoom={range => pane.zoom(absolute(range))}
      />
      <div class="volume-foot">
        <Legend items={items.series.toReversed()} hidden={hidden} onHide={setHidden} figures={['sum']} kind="bars" />
        <span class="volume-total">{formatCount(items.total)} lines</span>
      </div>
    </section>
  )
}
