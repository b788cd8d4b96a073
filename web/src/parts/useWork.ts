// Something that a button does on the server: once, however often it is pressed meanwhile.

import { useRef, useState } from 'preact/hooks'
import { ApiError } from '../api/http'

export interface Work {
  busy: boolean
  /** why it was not done */
  error: string
  run: (work: () => Promise<unknown>) => void
}

export function useWork(): Work {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const underWay = useRef(false)
  const attempt = async (work: () => Promise<unknown>) => {
    underWay.current = true
    setBusy(true)
    setError('')
    try {
      await work()
    } catch (failure) {
      setError(messageOf(failure))
    }
    underWay.current = false
    setBusy(false)
  }
  return {
    busy,
    error,
    run: work => {
      if (!underWay.current) void attempt(work)
    },
  }
}

export function messageOf(failure: unknown): string {
  return failure instanceof ApiError ? failure.message : String(failure)
}
