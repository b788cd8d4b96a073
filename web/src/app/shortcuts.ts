// Keys. A view registers what it answers to while it is shown; the newest registration wins.

import { useEffect, useRef } from 'preact/hooks'

export interface Shortcut {
  keys: string
  does: string
  run: () => void
}

const registered: { current: Shortcut[] }[] = []
let pending = ''

export function useShortcuts(shortcuts: Shortcut[]): void {
  // What a key does is looked up when it is pressed: keys may come faster than effects run.
  const latest = useRef(shortcuts)
  latest.current = shortcuts
  useEffect(() => {
    registered.push(latest)
    return () => {
      registered.splice(registered.indexOf(latest), 1)
    }
  }, [])
}

export function allShortcuts(): Shortcut[] {
  const seen = new Map<string, Shortcut>()
  for (const { current } of registered) for (const shortcut of current) seen.set(shortcut.keys, shortcut)
  return [...seen.values()]
}

export function listenToKeys(): () => void {
  const listener = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    if (document.querySelector('dialog[open]')) return
    if (event.key === 'Enter' && isPressed(event.target)) return
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
  for (const { current } of registered.toReversed()) {
    const found = current.find(shortcut => shortcut.keys === keys)
    if (found) return found
  }
  return undefined
}

function begins(key: string): boolean {
  return registered.some(({ current }) => current.some(shortcut => shortcut.keys.startsWith(`${key} `)))
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** Whether Enter means this element, and nothing that is elsewhere. */
function isPressed(target: EventTarget | null): boolean {
  return target instanceof Element && !!target.closest('button, a[href], summary')
}
