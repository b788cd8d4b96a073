import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { restoreFocus } from './focus'
import { Icon } from './Icon'

interface Properties {
  title: string
  class?: string
  onClose: () => void
  children: ComponentChildren
}

export function Dialog({ title, class: className = '', onClose, children }: Properties) {
  const element = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const before = document.activeElement
    element.current?.showModal()
    return () => restoreFocus(before)
  }, [])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog by itself
    <dialog
      ref={element}
      class={`dialog ${className}`}
      aria-label={title}
      onClose={onClose}
      onClick={event => {
        if (event.target === element.current) onClose()
      }}
    >
      <header class="dialog-head">
        <h2>{title}</h2>
        <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  )
}
