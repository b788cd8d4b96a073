// Durations as people and LogQL write them: `90s`, `1h30m`, `7d`. Milliseconds inside.

const UNITS: readonly (readonly [string, number])[] = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]

export const SECOND = 1_000
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const DAY = 86_400_000

export function parseDuration(text: string): number | null {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[wdhmsMy])/g)]
  if (!parts.length || parts.map(part => part[0]).join('') !== text) return null
  let total = 0
  for (const [, count, unit] of parts) {
    const size = unit === 'M' ? 30 * DAY : unit === 'y' ? 365 * DAY : UNITS.find(([name]) => name === unit)?.[1]
    total += Number(count) * (size ?? 0)
  }
  return total
}

/** The shortest exact text: 5400000 is `90m`. */
export function formatDuration(milliseconds: number): string {
  for (const [name, size] of UNITS) {
    if (name !== 'w' && milliseconds >= size && milliseconds % size === 0) return `${milliseconds / size}${name}`
  }
  return `${Math.max(1, Math.round(milliseconds))}ms`
}

/** For reading: `2.4 s`, `3 min`, `5 d`. */
export function readableDuration(milliseconds: number): string {
  const size = Math.abs(milliseconds)
  if (size < SECOND) return `${round(milliseconds)} ms`
  if (size < MINUTE) return `${round(milliseconds / SECOND)} s`
  if (size < HOUR) return `${round(milliseconds / MINUTE)} min`
  if (size < DAY) return `${round(milliseconds / HOUR)} h`
  return `${round(milliseconds / DAY)} d`
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString()
}
