// Short messages that come and go.

import { signal } from '@preact/signals'

interface Notice {
  id: number
  text: string
  kind: 'info' | 'error'
}

const notices = signal<Notice[]>([])
let last = 0

export function tell(text: string, kind: Notice['kind'] = 'info'): void {
  last += 1
  const id = last
  notices.value = [...notices.value, { id, text, kind }]
  setTimeout(
    () => {
      notices.value = notices.value.filter(notice => notice.id !== id)
    },
    kind === 'error' ? 8000 : 2500,
  )
}

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(notice => (
        <p key={notice.id} class={`notice ${notice.kind}`}>
          {notice.text}
        </p>
      ))}
    </div>
  )
}
