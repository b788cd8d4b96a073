// Keys. A view registers what it answers to while it is shown; the newest registration wins.

import { useEffect } from 'preact/hooks'

export interface Shortcut {
  keys: string
  does: string
  run: () => void
}

const registered: Shortcut[][] = []
let pending = ''

export function useShortcuts(shortcuts: Shortcut[], dependencies: readonly unknown[] = []): void {
  useEffect(() => {
    registered.push(shortcuts)
    return () => {
      registered.splice(registered.indexOf(shortcuts), 1)
    }
  }, dependencies)
}

export function allShortcuts(): Shortcut[] {
  const seen = new Map<string, Shortcut>()
  for (const shortcuts of registered) for (const shortcut of shortcuts) seen.set(shortcut.keys, shortcut)
  return [...seen.values()]
}

export function listenToKeys(): () => void {
  const listener = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    if (document.querySelector('dialog[open]')) return
    const typed = pending ? `${pending} ${event.key}` : event.key
    const shortcut = find(typed)
    if (shortcut) {
      event.preventDefault()
      pending = ''
      shortcut.run()
    } else {
      pending = !pending && begins(event.key) ? event.key : ''
    }
  }
  addEventListener('keydown', listener)
  return () => removeEventListener('keydown', listener)
}

function find(keys: string): Shortcut | undefined {
  for (const shortcuts of registered.toReversed()) {
    const found = shortcuts.find(shortcut => shortcut.keys === keys)
    if (found) return found
  }
  return undefined
}

function begins(key: string): boolean {
  return registered.some(shortcuts => shortcuts.some(shortcut => shortcut.keys.startsWith(`${key} `)))
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}
