import type { Labels } from '../logs/entry'
import { LEVELS, levelColour, levelOf } from '../logs/levels'

const SERIES_COLOURS = 10

/** Levels have their own colours, and beside them lines of no level that of unknown ones; the rest take the palette's. */
export function coloursOf(series: readonly { labels: Labels }[]): string[] {
  const levels = series.map(({ labels }) => levelColourOf(labels))
  const areLevels = levels.some(colour => colour !== null)
  return series.map(({ labels }, at) => {
    const isNameless = Object.values(labels).every(value => value === '')
    return levels[at] ?? (areLevels && isNameless ? levelColour('unknown') : `--series-${at % SERIES_COLOURS}`)
  })
}

function levelColourOf(labels: Labels): string | null {
  const [[name, text] = ['', ''], ...others] = Object.entries(labels)
  if (others.length || !text) return null
  const isLevel =
    name === 'level' || name === 'detected_level' || (LEVELS as readonly string[]).includes(text.toLowerCase())
  return isLevel ? levelColour(levelOf(text)) : null
}
