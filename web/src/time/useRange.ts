// The range of a view that its address names, until somebody asks for it again.

import { useState } from 'preact/hooks'
import { type Range, type RangeText, resolveRange } from './range'

/** The moments that `text` means, the same ones at each look until it changes, and what takes `now` anew. */
export function useRange(text: RangeText): [Range, () => void] {
  const [round, setRound] = useState(0)
  const key = `${text.from} ${text.to} ${round}`
  const [resolved, setResolved] = useState({ key, range: resolveRange(text) })
  if (resolved.key !== key) setResolved({ key, range: resolveRange(text) })
  return [resolved.range, () => setRound(before => before + 1)]
}
