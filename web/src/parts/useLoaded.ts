// A value that comes from the server, loaded again when what it depends on changes, and of itself where that is wanted.

import { useEffect, useState } from 'preact/hooks'
import { ApiError, isAbort } from '../api/http'
import { awaiting } from './Awaited'

export interface Loaded<T> {
  value: T | undefined
  error: ApiError | null
  loading: boolean
  reload: () => void
}

/** ms between two looks at what changes by itself. */
export const LIVE = 10_000

/**
 * The newest value stays while the next is loaded, or can't be. With `every` (ms) it is loaded again that long after each
 * answer, as long as the page is seen: a hidden one asks for nothing until it is seen again.
 */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  dependencies: readonly unknown[],
  every = 0,
): Loaded<T> {
  const [state, setState] = useState<{ value: T | undefined; error: ApiError | null; loading: boolean }>({
    value: undefined,
    error: null,
    loading: true,
  })
  const [round, setRound] = useState(0)
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    const done = awaiting()
    signal.addEventListener('abort', done)
    const ask = async () => {
      try {
        const value = await load(signal)
        if (!signal.aborted) setState({ value, error: null, loading: false })
      } catch (error) {
        if (signal.aborted || isAbort(error)) return
        const failure = error instanceof ApiError ? error : new ApiError(String(error), 0)
        setState(before => ({ ...before, error: failure, loading: false }))
      }
      done()
      if (every && !signal.aborted) whenDue(every, signal, ask)
    }
    setState(before => ({ ...before, loading: true }))
    void ask()
    return () => controller.abort()
  }, [...dependencies, round])
  return { ...state, reload: () => setRound(before => before + 1) }
}

/** Runs once, after `delay` ms and when the page is seen, unless it is aborted before. */
function whenDue(delay: number, signal: AbortSignal, run: () => void): void {
  const due = () => {
    if (document.hidden) return
    document.removeEventListener('visibilitychange', due)
    run()
  }
  const timer = setTimeout(() => {
    document.addEventListener('visibilitychange', due, { signal })
    due()
  }, delay)
  signal.addEventListener('abort', () => clearTimeout(timer))
}
