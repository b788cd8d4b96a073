// Lines, areas or stacked bars over time. uPlot draws; zooming, the tooltip and the colours are ours.

import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { styleValue, theme } from '../app/theme'
import { formatMoment } from '../time/format'
import type { Range } from '../time/range'
import { zone } from '../time/zone'
import { alone, type Column, stacked as stack } from './align'
import { type ChartKind, highestFirst, MOST_ROWS } from './order'
import { formatCount, formatValue, type Unit } from './units'

export interface ChartSeries {
  name: string
  /** a custom property of the style sheet, such as `--level-error`, or a colour */
  colour: string
  values: Column
}

interface Properties {
  times: number[]
  series: ChartSeries[]
  range: Range
  /** px; without it the chart is as high as there is room in a column */
  height?: number
  label: string
  kind?: ChartKind
  stacked?: boolean
  unit?: Unit
  /** width of a bar in ms */
  step?: number
  thresholds?: { value: number; colour: string }[]
  onZoom?: (range: Range) => void
}

export function TimeChart(properties: Properties) {
  const place = useRef<HTMLDivElement>(null)
  const tooltip = useRef<HTMLDivElement>(null)
  const latest = useRef(properties)
  latest.current = properties
  const shape = `${theme.value} ${zone.value} ${properties.kind} ${properties.stacked} ${properties.unit} ${properties.height} ${properties.series
    .map(each => each.name + each.colour)
    .join('|')}`
  const chart = useRef<uPlot | null>(null)

  useEffect(() => {
    const parent = place.current!
    const made = new uPlot(optionsOf(latest, tooltip.current!, parent), dataOf(latest.current), parent)
    chart.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height: parent.clientHeight }))
    observer.observe(parent)
    return () => {
      observer.disconnect()
      made.destroy()
      chart.current = null
    }
  }, [shape])

  useEffect(() => {
    chart.current?.setData(dataOf(properties))
  }, [properties.times, properties.series, properties.range.start, properties.range.end])

  return (
    <div
      class={properties.height ? 'chart' : 'chart chart-fills'}
      style={properties.height ? { height: `${properties.height}px` } : undefined}
      role="img"
      aria-label={properties.label}
    >
      <div class="chart-canvas" ref={place} />
      <div class="chart-tooltip" ref={tooltip} hidden />
    </div>
  )
}

function dataOf({ times, series, stacked }: Properties): uPlot.AlignedData {
  const seconds = times.map(time => time / 1000)
  const columns = series.map(each => each.values)
  // The highest sum is drawn first, so that those below it are drawn over it.
  return [seconds, ...(stacked ? stack(columns).reverse() : columns)] as uPlot.AlignedData
}

function colourOf(colour: string): string {
  return colour.startsWith('--') ? styleValue(colour) : colour
}

function optionsOf(latest: { current: Properties }, tooltip: HTMLDivElement, parent: HTMLDivElement): uPlot.Options {
  const { series, kind = 'line', stacked, unit } = latest.current
  const drawn = stacked ? series.toReversed() : series
  const axis = { stroke: styleValue('--text-3'), font: `11px ${styleValue('--font')}`, ticks: { show: false } }
  const grid = { stroke: styleValue('--line'), width: 1 }
  return {
    width: parent.clientWidth,
    height: parent.clientHeight,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    tzDate: seconds => {
      const date = new Date(seconds * 1000)
      return zone.value === 'utc' ? uPlot.tzDate(date, 'Etc/UTC') : date
    },
    cursor: { y: false, points: { show: kind !== 'bars', size: 6 }, drag: { x: true, y: false, setScale: false } },
    scales: {
      x: { range: () => [latest.current.range.start / 1000, latest.current.range.end / 1000] },
      y: { range: (_plot, least, most) => yRange(least, most, latest.current) },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        space: 80,
        values: (_plot, splits) => splits.map(split => tick(split, latest.current.range)),
      },
      {
        ...axis,
        grid,
        size: (_plot, labels) => Math.max(54, 14 + 6.6 * Math.max(0, ...(labels ?? []).map(label => label.length))),
        gap: 6,
        incrs: /^(bytes|Bps|binBps)$/.test(unit ?? '') ? BINARY_STEPS : undefined,
        space: 32,
        values: (_plot, splits) => splits.map(split => formatValue(split, unit)),
      },
    ],
    series: [{}, ...drawn.map(each => seriesOptions(each, kind, stacked ?? false, latest))],
    hooks: {
      setSelect: [plot => zoom(plot, latest.current.onZoom)],
      setCursor: [plot => showTooltip(plot, tooltip, latest.current)],
      draw: [plot => drawThresholds(plot, latest.current)],
    },
  }
}

/** Round in KiB and MiB. */
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power)

function seriesOptions(
  each: ChartSeries,
  kind: string,
  stacked: boolean,
  latest: { current: Properties },
): uPlot.Series {
  const colour = colourOf(each.colour)
  if (kind !== 'bars') {
    return {
      label: each.name,
      stroke: colour,
      width: 1.5,
      fill: kind === 'area' || stacked ? `${colour}${stacked ? 'cc' : '22'}` : undefined,
      points: {
        show: latest.current.times.length < 3,
        size: 5,
        fill: colour,
        filter: (plot, at) => {
          const places = stacked ? [] : alone(plot.data[at] as Column)
          return places.length ? places : null
        },
      },
    }
  }
  return {
    label: each.name,
    fill: colour,
    width: 0,
    points: { show: false },
    paths: uPlot.paths.bars!({ size: [0.86, 40], align: 1 }),
  }
}

function yRange(least: number, most: number, { kind, stacked, thresholds = [] }: Properties): uPlot.Range.MinMax {
  const top = Math.max(most ?? 0, ...thresholds.map(each => each.value))
  const bottom = kind === 'bars' || stacked || (least ?? 0) >= 0 ? 0 : least
  return [bottom, top > bottom ? top + (top - bottom) * 0.06 : bottom + 1]
}

function tick(seconds: number, { start, end }: Range): string {
  const text = formatMoment(seconds * 1000)
  if (end - start > 300 * 86_400_000) return text.slice(0, 7)
  if (end - start > 4 * 86_400_000) return text.slice(5, 10)
  if (end - start > 86_400_000) return `${text.slice(5, 10)} ${text.slice(11, 16)}`
  return end - start < 600_000 ? text.slice(11) : text.slice(11, 16)
}

function zoom(plot: uPlot, onZoom: Properties['onZoom']): void {
  const { left, width } = plot.select
  if (width > 4 && onZoom) {
    onZoom({ start: plot.posToVal(left, 'x') * 1000, end: plot.posToVal(left + width, 'x') * 1000 })
  }
  if (width) plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
}

function showTooltip(plot: uPlot, tooltip: HTMLDivElement, properties: Properties): void {
  const at = plot.cursor.idx
  const left = plot.cursor.left ?? -1
  if (at === null || at === undefined || left < 0) {
    tooltip.hidden = true
    return
  }
  const rows = properties.series
    .map(each => ({ name: each.name, colour: colourOf(each.colour), value: each.values[at] ?? null }))
    .filter(row => row.value !== null && (row.value !== 0 || properties.kind !== 'bars'))
  const shown = highestFirst(rows, row => row.value, properties.kind ?? 'line').slice(0, MOST_ROWS)
  tooltip.replaceChildren(...tooltipRows(properties.times[at]!, properties, shown, rows.length - shown.length))
  tooltip.hidden = rows.length === 0
  const space = plot.bbox.left / devicePixelRatio + left
  const free = plot.width - tooltip.offsetWidth
  const beside = space > plot.width * 0.6 ? space - 14 - tooltip.offsetWidth : space + 14
  tooltip.style.left = `${Math.max(0, Math.min(beside, free))}px`
}

interface TooltipRow {
  name: string
  colour: string
  value: number | null
}

function tooltipRows(time: number, { step, unit }: Properties, rows: TooltipRow[], left: number): Node[] {
  const heading = document.createElement('div')
  heading.className = 'chart-tooltip-time'
  heading.textContent = step ? `${formatMoment(time)} – ${formatMoment(time + step, time)}` : formatMoment(time)
  return [
    heading,
    ...rows.map(row => {
      const line = document.createElement('div')
      line.className = 'chart-tooltip-row'
      const swatch = document.createElement('i')
      swatch.style.background = row.colour
      const name = document.createElement('span')
      name.textContent = row.name
      const value = document.createElement('b')
      value.textContent = formatValue(row.value, unit)
      line.append(swatch, name, value)
      return line
    }),
    ...(left ? [`and ${formatCount(left)} more`] : []).map(text => {
      const line = document.createElement('div')
      line.className = 'chart-tooltip-more'
      line.textContent = text
      return line
    }),
  ]
}

function drawThresholds(plot: uPlot, { thresholds = [] }: Properties): void {
  const { ctx, bbox } = plot
  for (const { value, colour } of thresholds) {
    const y = Math.round(plot.valToPos(value, 'y', true))
    ctx.save()
    ctx.strokeStyle = colourOf(colour)
    ctx.lineWidth = devicePixelRatio
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio])
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
    ctx.restore()
  }
}
