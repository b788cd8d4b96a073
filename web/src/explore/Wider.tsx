// Longer ranges to look in, where there is nothing in the one that was asked for.

import { QUICK_RANGES, resolveRange } from '../time/range'
import type { Pane } from './pane'

const LONGER = new Set(['now-6h', 'now-24h', 'now-7d', 'now-30d'])
const OFFERED = 3

export function Wider({ pane }: { pane: Pane }) {
  const { start } = pane.asked.value
  const longer = QUICK_RANGES.filter(([, range]) => LONGER.has(range.from) && resolveRange(range).start < start)
  if (!longer.length) return null
  return (
    <span class="wider">
      Look in the
      {longer.slice(0, OFFERED).map(([name, range]) => (
        <button key={name} type="button" class="button small" onClick={() => pane.zoom(range)}>
          {name.toLowerCase()}
        </button>
      ))}
    </span>
  )
}
