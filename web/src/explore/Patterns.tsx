// Kinds of lines, with how many there are of each and when.

import { useState } from 'preact/hooks'
import { patternsOf } from '../api/loki'
import { Sparkline } from '../charts/Sparkline'
import { countOf, formatCount } from '../charts/units'
import { addStage } from '../logql/edit'
import { quote } from '../logql/quote'
import { selectorOf } from '../logql/structure'
import { levelOf } from '../logs/levels'
import { Failure } from '../parts/Empty'
import { Icon } from '../parts/Icon'
import { useLoaded } from '../parts/useLoaded'
import { stepFor } from '../time/range'
import type { Pane } from './pane'

const BUCKETS = 40

export function Patterns({ pane }: { pane: Pane }) {
  const [text, setText] = useState('')
  const selector = selectorOf(pane.state.value.query)
  const range = pane.asked.value
  const step = Math.max(10_000, stepFor(range, BUCKETS))
  const found = useLoaded(signal => patternsOf(range, selector, step, signal), [selector, range.start, range.end])
  const rows = (found.value ?? [])
    .map(pattern => ({ ...pattern, count: pattern.samples.reduce((sum, [, count]) => sum + count, 0) }))
    .filter(pattern => pattern.pattern.toLowerCase().includes(text.toLowerCase()))
    .sort((a, b) => b.count - a.count)
  const total = rows.reduce((sum, row) => sum + row.count, 0)
  if (found.error) return <Failure message={found.error.message} />
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="patterns table-scroll" tabIndex={0} aria-label="Patterns">
      <div class="result-tools">
        <div class="search-box">
          <Icon name="search" />
          <input
            placeholder="Find a pattern"
            aria-label="Find a pattern"
            value={text}
            onInput={event => setText(event.currentTarget.value)}
          />
        </div>
        <span class="hint">
          {found.loading
            ? 'looking for patterns…'
            : `${countOf(rows.length, 'pattern')} of ${selector}, whatever the rest of the query`}
        </span>
      </div>
      <table class="data-table">
        <thead>
          <tr>
            <th scope="col" class="number">
              Lines
            </th>
            <th scope="col" class="number">
              Share
            </th>
            <th scope="col">Over time</th>
            <th scope="col">Pattern</th>
            <th scope="col">
              <span class="visually-hidden">Filters</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, 300).map(row => (
            <tr key={`${row.level}${row.pattern}`}>
              <td class="number">{formatCount(row.count)}</td>
              <td class="number">{((row.count / Math.max(1, total)) * 100).toFixed(1)}%</td>
              <td>
                <Sparkline
                  values={bucketed(row.samples, range.start, range.end)}
                  label={`${row.count} lines over time`}
                />
              </td>
              <td class={`pattern level-${levelOf(row.level ?? '')}`}>
                <PatternText pattern={row.pattern} />
              </td>
              <td class="field-tools">
                <PatternFilter pane={pane} operator="|>" pattern={row.pattern} />
                <PatternFilter pane={pane} operator="!>" pattern={row.pattern} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function PatternFilter({ pane, operator, pattern }: { pane: Pane; operator: '|>' | '!>'; pattern: string }) {
  const name = operator === '|>' ? 'Only lines of this pattern' : 'No lines of this pattern'
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={name}
      title={name}
      onClick={() => {
        pane.change({ view: 'lines' })
        pane.ask(addStage(pane.draft.value, `${operator} ${quote(pattern)}`))
      }}
    >
      <Icon name={operator === '|>' ? 'plus' : 'minus'} />
    </button>
  )
}

function PatternText({ pattern }: { pattern: string }) {
  return <code>{pattern.split(/(<_>)/).map((part, at) => (part === '<_>' ? <i key={at}>&lt;_&gt;</i> : part))}</code>
}

function bucketed(samples: readonly [number, number][], start: number, end: number): number[] {
  const counts = new Array<number>(BUCKETS).fill(0)
  for (const [seconds, count] of samples) {
    const at = Math.floor(((seconds * 1000 - start) / (end - start)) * BUCKETS)
    counts[Math.max(0, Math.min(BUCKETS - 1, at))]! += count
  }
  return counts
}
