import type { ComponentChildren } from 'preact'

export function TopBar({ title, children }: { title: ComponentChildren; children?: ComponentChildren }) {
  return (
    <header class="top-bar">
      <h1>{title}</h1>
      <span class="spacer" />
      {children}
    </header>
  )
}
