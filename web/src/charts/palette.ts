import type { Labels } from '../logs/entry'
import { LEVELS, levelColour, levelOf } from '../logs/levels'

const SERIES_COLOURS = 10

/** Levels have their own colours; anything else takes the next of the palette. */
export function colourOfSeries(labels: Labels, index: number): string {
  const level = labels.level ?? labels.detected_level
  if (level !== undefined && Object.keys(labels).length === 1) return levelColour(levelOf(level))
  const text = Object.values(labels)
  if (text.length === 1 && (LEVELS as readonly string[]).includes(text[0]!.toLowerCase()))
    return levelColour(levelOf(text[0]!))
  return `--series-${index % SERIES_COLOURS}`
}
