// What rules recorded, over time: a query in PromQL, its graph, and the lines that the numbers were counted from.

import { useMemo, useState } from 'preact/hooks'
import { queryRecorded, ruleStates } from '../api/prometheus'
import { link } from '../app/router'
import { Legend } from '../charts/Legend'
import { named } from '../charts/named'
import { TimeChart } from '../charts/TimeChart'
import { Empty, Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import { absolute, type Range, type RangeText, stepFor } from '../time/range'

/** of the graph */
const PIECES = 240

interface Properties {
  query: string
  text: RangeText
  range: Range
  onQuery: (query: string) => void
  onRange: (range: RangeText) => void
}

export function RecordedSeries({ query, text, range, onQuery, onRange }: Properties) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const found = useLoaded(
    async signal => {
      const data = await queryRecorded({ query, range, step: stepFor(range, PIECES), signal })
      return { query, range, series: data.kind === 'series' ? data.series : [] }
    },
    [query, range.start, range.end],
  )
  const rules = useLoaded(async signal => {
    const states = await ruleStates(signal)
    return states ? states.groups.flatMap(group => group.rules) : []
  }, [])
  const { times, items } = useMemo(() => named(found.value?.series ?? []), [found.value])
  const recording = rules.value?.filter(rule => rule.type === 'recording' && rule.name === query) ?? []
  return (
    <>
      <QueryForm key={query} query={query} onQuery={onQuery} />
      {recording.map((rule, at) => (
        <p key={at} class="hint">
          Recorded by a rule:{' '}
          <a href={link(rule.over === 'series' ? 'metrics' : 'logs', { q: rule.query, ...text })}>
            <code>{rule.query}</code>
          </a>
        </p>
      ))}
      {found.error && <Failure message={found.error.message} />}
      {!found.error &&
        found.value &&
        (items.length ? (
          <section class="recorded" aria-busy={found.loading}>
            <TimeChart
              times={times}
              series={items.filter(each => !hidden.has(each.name))}
              range={found.value.range}
              height={360}
              label={`${found.value.query} over time`}
              onZoom={zoomed => onRange(absolute(zoomed))}
            />
            <Legend items={items} hidden={hidden} onHide={setHidden} figures={['last', 'mean', 'max']} />
          </section>
        ) : (
          <Empty title="No series in this range">
            <p>
              Nothing was recorded under this name and with these labels: choose a longer range, or look at the rules.
            </p>
          </Empty>
        ))}
    </>
  )
}

function QueryForm({ query, onQuery }: { query: string; onQuery: (query: string) => void }) {
  const [wanted, setWanted] = useState(query)
  return (
    <form
      class="query-form"
      onSubmit={event => {
        event.preventDefault()
        onQuery(wanted.trim())
      }}
    >
      <a class="button" href={link('metrics')}>
        All metrics
      </a>
      <input
        aria-label="Query in PromQL"
        spellcheck={false}
        autocomplete="off"
        value={wanted}
        onInput={event => setWanted(event.currentTarget.value)}
      />
      <button type="submit" class="button primary">
        Run
      </button>
    </form>
  )
}
