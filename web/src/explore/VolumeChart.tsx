// How much there is, by level, over time. Dragging zooms.

import { useMemo, useState } from 'preact/hooks'
import { align, summed } from '../charts/align'
import { Legend } from '../charts/Legend'
import { TimeChart } from '../charts/TimeChart'
import { countOf } from '../charts/units'
import { hasFilter, type Operator, toggleFilter } from '../logql/edit'
import { anyOf } from '../logql/quote'
import { LEVELS, levelColour, levelOf } from '../logs/levels'
import { absolute } from '../time/range'
import type { Pane } from './pane'

export function VolumeChart({ pane }: { pane: Pane }) {
  const [hidden, setHidden] = useState<Set<string>>(new Set())
  const volume = pane.volume.value
  const items = useMemo(() => {
    if (!volume) return null
    const { times, columns } = align(volume.series)
    // Of several spellings of a level, such as fatal and critical, there is one series.
    const found = volume.series.map(each => each.labels.detected_level ?? '')
    const levels = found.map(levelOf)
    const series = LEVELS.toReversed().flatMap(level => {
      const spellings = columns.filter((_, at) => levels[at] === level)
      return spellings.length ? [{ name: level as string, colour: levelColour(level), values: summed(spellings) }] : []
    })
    // A count is of the step before its moment, where the bar belongs.
    return {
      times: times.map(time => time - volume.step),
      series,
      spellings: (level: string) => found.filter((_, at) => levels[at] === level).sort(),
      total: columns.flat().reduce<number>((sum, value) => sum + (value ?? 0), 0),
    }
  }, [volume])
  if (!volume || !items) return <div class="volume empty" />
  const shown = items.series.filter(each => !hidden.has(each.name))
  const condition = (level: string): [string, Operator, string] => {
    const spellings = items.spellings(level)
    if (spellings.length === 1) return ['detected_level', '=', spellings[0]!]
    return ['detected_level', '=~', anyOf(spellings)]
  }
  const filter = {
    isOn: (level: string) => hasFilter(pane.structure.value, ...condition(level)),
    toggle: (level: string) => pane.ask(toggleFilter(pane.draft.value, { kind: 'metadata' }, ...condition(level))),
  }
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
        label={`${countOf(items.total, 'line')} over time, by level`}
        onZoom={range => pane.zoom(absolute(range))}
      />
      <div class="volume-foot">
        <Legend
          items={items.series.toReversed()}
          hidden={hidden}
          onHide={setHidden}
          filter={filter}
          figures={['sum']}
          kind="bars"
        />
        <span class="volume-total">{countOf(items.total, 'line')}</span>
      </div>
    </section>
  )
}
