import { computed, effect, signal } from '@preact/signals'
import { remember, remembered } from './memory'

export type Theme = 'light' | 'dark'

const preferred = matchMedia('(prefers-color-scheme: light)')
const chosen = signal<Theme | null>(remembered<Theme | null>('theme', null))
const system = signal<Theme>(preferred.matches ? 'light' : 'dark')

export const theme = computed<Theme>(() => chosen.value ?? system.value)

export function applyTheme(): void {
  preferred.addEventListener('change', () => {
    system.value = preferred.matches ? 'light' : 'dark'
  })
  effect(() => {
    document.documentElement.dataset.theme = theme.value
  })
}

export function toggleTheme(): void {
  chosen.value = theme.value === 'dark' ? 'light' : 'dark'
  remember('theme', chosen.value)
}

/** The value of a colour or size of the style sheet, for what is drawn on a canvas. */
export function styleValue(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}
