// Whether a silence is about an alert, as Alertmanager takes its matchers.

import type { Matcher, Silence } from '../api/alerting'
import type { Labels } from '../logs/entry'

/** The silence in force that an alert of these labels is held back by, of several the one that ends last. */
export function silenceOf(labels: Labels, silences: readonly Silence[]): Silence | null {
  const active = silences.filter(({ status, matchers }) => status.state === 'active' && matchers.every(matches))
  return active.sort((a, b) => Date.parse(b.endsAt) - Date.parse(a.endsAt))[0] ?? null

  function matches({ name, value, isRegex, isEqual }: Matcher): boolean {
    const found = labels[name] ?? ''
    const same = isRegex ? whole(value)?.test(found) : found === value
    return same !== undefined && same === isEqual
  }
}

/** Null for what only Go's regular expressions have: it is not said then that an alert is silenced. */
function whole(expression: string): RegExp | null {
  try {
    return new RegExp(`^(?:${expression})$`, 's')
  } catch {
    return null
  }
}
