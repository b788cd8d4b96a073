// Where nothing was found: whether that is since no stream has a value that the query wants, and which ones there are.

import { labelValues } from '../api/loki'
import { nearTo } from '../logql/near'
import { quote } from '../logql/quote'
import { type Matcher, structureOf } from '../logql/structure'
import { useLoaded } from '../parts/useLoaded'
import type { Range } from '../time/range'
import type { Pane } from './pane'

/** Labels whose values are asked for, one request each. */
const MOST_ASKED = 3

interface Missing {
  query: string
  matcher: Matcher
  /** of the label in the range */
  values: string[]
}

export function Mistyped({ pane }: { pane: Pane }) {
  const { query } = pane.state.value
  const range = pane.asked.value
  const missing = useLoaded(signal => missingValue(query, range, signal), [query, range])
  if (missing.value?.query !== query) return null // there is none, or it is of the query before
  const { matcher, values } = missing.value
  const near = nearTo(matcher.value, values)
  return (
    <>
      <span>
        No stream has{' '}
        {values.length ? <code>{matcher.name + matcher.operator + quote(matcher.value)}</code> : 'the label '}
        {!values.length && <code>{matcher.name}</code>} in this range.
      </span>
      {near.length > 0 && (
        <span class="wider">
          Look for
          {near.map(value => (
            <button
              key={value}
              type="button"
              class="button small"
              onClick={() => pane.ask(withValue(query, matcher, value))}
            >
              {value}
            </button>
          ))}
        </span>
      )}
    </>
  )
}

/** The first of the query's values that no stream has in the range; null where there is none. */
async function missingValue(query: string, range: Range, signal: AbortSignal): Promise<Missing | null> {
  const matchers = structureOf(query).selector?.matchers ?? []
  const wanted = matchers.filter(({ operator, value }) => operator === '=' && value !== '').slice(0, MOST_ASKED)
  const found = await Promise.all(
    wanted.map(async matcher => ({ matcher, values: await labelValues(matcher.name, range, '', signal) })),
  )
  const missing = found.find(({ matcher, values }) => !values.includes(matcher.value))
  return missing ? { query, ...missing } : null
}

function withValue(query: string, { name, operator, from, to }: Matcher, value: string): string {
  return query.slice(0, from) + name + operator + quote(value) + query.slice(to)
}
