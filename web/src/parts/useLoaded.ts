// A value that comes from the server, loaded again when what it depends on changes.

import { useEffect, useState } from 'preact/hooks'
import { ApiError, isAbort } from '../api/http'

export interface Loaded<T> {
  value: T | undefined
  error: ApiError | null
  loading: boolean
  reload: () => void
}

export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, dependencies: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<{ value: T | undefined; error: ApiError | null; loading: boolean }>({
    value: undefined,
    error: null,
    loading: true,
  })
  const [round, setRound] = useState(0)
  useEffect(() => {
    const controller = new AbortController()
    setState(before => ({ ...before, loading: true }))
    load(controller.signal).then(
      value => {
        if (!controller.signal.aborted) setState({ value, error: null, loading: false })
      },
      error => {
        if (controller.signal.aborted || isAbort(error)) return
        setState(before => ({
          ...before,
          error: error instanceof ApiError ? error : new ApiError(String(error), 0),
          loading: false,
        }))
      },
    )
    return () => controller.abort()
  }, [...dependencies, round])
  return { ...state, reload: () => setRound(round + 1) }
}
