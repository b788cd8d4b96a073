// Dashboards that are being edited, for as long as the page is open: somebody who looks a query up in Logs comes back to
// them, and the browser asks before it closes a page in which one is changed and not saved.

import { signal } from '@preact/signals'
import type { Dashboard } from './model'

interface Draft {
  begun: Dashboard
  now: Dashboard
}

const drafts = signal<Readonly<Record<string, Draft>>>({})

addEventListener('beforeunload', event => {
  if (Object.values(drafts.value).some(({ begun, now }) => begun !== now)) event.preventDefault()
})

export function draftOf(uid: string): Dashboard | null {
  return drafts.value[uid]?.now ?? null
}

/** Keeps a draft; null ends the editing. */
export function keepDraft(uid: string, now: Dashboard | null): void {
  const { [uid]: before, ...others } = drafts.value
  drafts.value = now ? { ...others, [uid]: { begun: before?.begun ?? now, now } } : others
}
