// What lines say of the traces that they belong to.

import { type Entry, fieldOf } from '../logs/entry'
import { LEVELS, type Level, levelOf } from '../logs/levels'

export interface TraceSummary {
  id: string
  /** of the first line, ms since 1970 */
  start: number
  /** from the first line to the last, in ms */
  length: number
  lines: number
  services: string[]
  /** the heaviest of its lines */
  level: Level
}

/** The traces of lines, newest first. */
export function tracesOf(entries: readonly Entry[]): TraceSummary[] {
  const found = new Map<string, Entry[]>()
  for (const entry of entries) {
    const id = fieldOf(entry, 'trace_id')
    if (id) found.set(id, [...(found.get(id) ?? []), entry])
  }
  return [...found].map(([id, lines]) => summaryOf(id, lines)).sort((a, b) => b.start - a.start)
}

function summaryOf(id: string, lines: readonly Entry[]): TraceSummary {
  const moments = lines.map(entry => entry.moment)
  const start = moments.reduce((a, b) => Math.min(a, b))
  const levels = new Set(lines.map(entry => levelOf(entry.level)))
  return {
    id,
    start,
    length: moments.reduce((a, b) => Math.max(a, b)) - start,
    lines: lines.length,
    services: [...new Set(lines.map(serviceOf))],
    level: LEVELS.find(level => levels.has(level))!,
  }
}

export function serviceOf(entry: Entry): string {
  return entry.stream.service_name ?? entry.stream.service ?? entry.stream.job ?? ''
}
