// A button that opens a panel beside it. Escape and a click elsewhere close it.

import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { restoreFocus } from './focus'

interface Properties {
  label: ComponentChildren
  title: string
  class?: string
  align?: 'left' | 'right'
  children: (close: () => void) => ComponentChildren
}

export function Popover({ label, title, class: className = 'button', align = 'left', children }: Properties) {
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const opener = useRef<HTMLButtonElement>(null)

  useEffect(() => {
    if (!open) return
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false)
    }
    const onEscape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      event.stopPropagation()
      setOpen(false)
      opener.current?.focus()
    }
    root.current?.querySelector<HTMLElement>('.popover input, .popover button')?.focus()
    document.addEventListener('pointerdown', outside)
    document.addEventListener('keydown', onEscape, true)
    return () => {
      document.removeEventListener('pointerdown', outside)
      document.removeEventListener('keydown', onEscape, true)
      restoreFocus(opener.current)
    }
  }, [open])

  return (
    <div class="popover-root" ref={root}>
      <button
        type="button"
        class={className}
        ref={opener}
        aria-expanded={open}
        aria-haspopup="dialog"
        title={title}
        aria-label={title}
        onClick={() => setOpen(!open)}
      >
        {label}
      </button>
      {open && (
        <div class={`popover ${align}`} role="dialog" aria-label={title}>
          {children(() => setOpen(false))}
        </div>
      )}
    </div>
  )
}
