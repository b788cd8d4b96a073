// Levels in the order of their weight, with the names of their colours in the style sheet.

export const LEVELS = ['critical', 'error', 'warn', 'info', 'debug', 'trace', 'unknown'] as const
export type Level = (typeof LEVELS)[number]

const SPELLINGS: Record<string, Level> = {
  fatal: 'critical',
  err: 'error',
  warning: 'warn',
  information: 'info',
  dbug: 'debug',
}

/** A label filter for lines that tell of something that went wrong. */
export const ERRORS = 'detected_level=~"error|critical|fatal"'

export function levelOf(text: string): Level {
  const lower = text.toLowerCase()
  const spelled = SPELLINGS[lower] ?? lower
  return (LEVELS as readonly string[]).includes(spelled) ? (spelled as Level) : 'unknown'
}

export function levelColour(level: Level): string {
  return `--level-${level}`
}
