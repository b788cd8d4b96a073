// Numbers as people read them. Names of units are Grafana's, so that its dashboards show here as they do there.

import { readableDuration } from '../time/duration'

export type Unit = string

export function formatValue(value: number | null, unit: Unit = 'short', decimals?: number): string {
  if (value === null || Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  switch (unit) {
    case 'bytes':
      return scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'], decimals)
    case 'decbytes':
      return scaled(value, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB'], decimals)
    case 'Bps':
    case 'binBps':
      return `${formatValue(value, 'bytes', decimals)}/s`
    case 's':
      return readableDuration(value * 1000)
    case 'ms':
      return readableDuration(value)
    case 'ns':
      return readableDuration(value / 1e6)
    case 'percent':
      return `${plain(value, decimals)}%`
    case 'percentunit':
      return `${plain(value * 100, decimals)}%`
    case 'reqps':
    case 'ops':
    case 'cps':
    case 'logs/s':
      return `${formatValue(value, 'short', decimals)}/s`
    case 'short':
      return scaled(value, 1000, ['', 'K', 'M', 'G', 'T', 'P'], decimals)
    case 'none':
    case '':
      return plain(value, decimals)
    default:
      return `${plain(value, decimals)} ${unit}`
  }
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-GB')
}

/** `1 line`, `2 lines` */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

function scaled(value: number, base: number, names: readonly string[], decimals?: number): string {
  let size = value
  let index = 0
  while (Math.abs(size) >= base && index < names.length - 1) {
    size /= base
    index += 1
  }
  const name = names[index]!
  const text =
    index === 0
      ? plain(size, decimals)
      : plain(size, decimals ?? (Math.abs(size) >= 100 ? 0 : Math.abs(size) >= 10 ? 1 : 2))
  return name.length > 1 || name === 'B' ? `${text} ${name}` : text + name
}

function plain(value: number, decimals?: number): string {
  if (decimals !== undefined) return Number(value.toFixed(decimals)).toString()
  if (Number.isInteger(value)) return String(value)
  return Number(value.toPrecision(3)).toString()
}
