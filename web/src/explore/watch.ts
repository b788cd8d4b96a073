// Whether the server still answers. Its pings over a WebSocket never reach a page, and a server that hangs, or a network
// that is gone, closes nothing.

import { ApiError } from '../api/http'
import { buildInformation } from '../api/sigyn'

/** ms without a word from the server before it is asked for one */
const QUIET = 15_000
/** ms in which it has to give one */
const PATIENCE = 10_000

export interface Watch {
  /** the server said something */
  heard: () => void
  stop: () => void
}

/** Runs `onSilence` each time that nothing was heard for long, and no answer came to a question that costs little. */
export function watchServer(onSilence: () => void): Watch {
  let last = Date.now()
  let stopped = false
  let timer = setTimeout(look, QUIET)

  async function look() {
    const before = last
    if (Date.now() - before >= QUIET) {
      const answers = await isAnswering()
      if (stopped) return
      const silent = !answers && last === before
      last = Date.now()
      if (silent) onSilence()
    }
    timer = setTimeout(look, Math.max(0, QUIET - (Date.now() - last)))
  }

  return {
    heard: () => {
      last = Date.now()
    },
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}

async function isAnswering(): Promise<boolean> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), PATIENCE)
  try {
    await buildInformation(late.signal)
    return true
  } catch (failure) {
    // A refusal is an answer, but not that of a proxy whose server gives none.
    return failure instanceof ApiError && failure.status > 0 && failure.status < 500
  } finally {
    clearTimeout(timer)
  }
}
