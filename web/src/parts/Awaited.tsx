// That something is on its way: a bar above the view, once it takes a while.

import { computed, signal } from '@preact/signals'

const awaited = signal(0)
const isAwaited = computed(() => awaited.value > 0)

/** Notes that something is awaited; call what it gives when it is there, or no longer wanted. */
export function awaiting(): () => void {
  let open = true
  awaited.value += 1
  return () => {
    if (open) awaited.value -= 1
    open = false
  }
}

export function AwaitedBar() {
  return isAwaited.value ? <div class="progress-bar awaited-bar" role="progressbar" aria-label="Loading" /> : null
}
