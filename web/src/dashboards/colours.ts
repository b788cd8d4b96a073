import type { FieldDefaults } from './model'

const NAMED: Record<string, string> = {
  green: '--series-2',
  red: '--level-error',
  orange: '--level-error',
  yellow: '--level-warn',
  blue: '--series-0',
  purple: '--level-critical',
  gray: '--text-3',
  text: '--text',
}

/** A colour of Grafana's (`dark-red`, `#f00`) as one of this page's where it has a name. */
export function colourNamed(name: string): string {
  if (name.startsWith('#') || name.startsWith('rgb')) return name
  return NAMED[name.replace(/^(?:super-light|semi-dark|light|dark)-/, '')] ?? '--series-0'
}

/** The colour of the highest threshold that a value reaches. */
export function thresholdColour(value: number | null, defaults: FieldDefaults | undefined): string {
  let colour = '--accent'
  for (const step of defaults?.thresholds?.steps ?? []) {
    if (step.value === null || (value !== null && value >= step.value)) colour = colourNamed(step.color)
  }
  return colour
}

export function css(colour: string): string {
  return colour.startsWith('--') ? `var(${colour})` : colour
}
