// Where the keyboard goes on when what had the focus is taken away.

/** Gives the focus back to what had it before, unless something else has taken it. */
export function restoreFocus(before: Element | null | undefined): void {
  // Not at once: what is closed is still there, and may keep everything else from being focused.
  queueMicrotask(() => {
    const lost = !document.activeElement || document.activeElement === document.body
    if (lost && before instanceof HTMLElement) before.focus({ preventScroll: true })
  })
}
