import { useState } from 'preact/hooks'
import { type Silence, silences } from '../api/alerting'
import { may, whyNot } from '../api/identity'
import { runQuery } from '../api/loki'
import { queryRecorded, type Rule } from '../api/prometheus'
import { link } from '../app/router'
import { seriesName } from '../charts/align'
import { Legend } from '../charts/Legend'
import { named } from '../charts/named'
import { TimeChart } from '../charts/TimeChart'
import { countOf, formatCount } from '../charts/units'
import type { Labels } from '../logs/entry'
import { Failure } from '../parts/Empty'
import { LIVE, useLoaded } from '../parts/useLoaded'
import { ago, formatMoment } from '../time/format'
import { resolveRange, stepFor } from '../time/range'
import { type Behind, linesBehind } from './behind'
import { silenceOf } from './silenced'
import { thresholdOf } from './threshold'

/** Alerts of a rule that are shown before somebody asks for the rest: thousands of rows take seconds to lay out. */
const FIRST = 100

const RANGE = { from: 'now-3h', to: 'now' }

/** ms; a query over hours, of which little is new after a few seconds */
const EVERY = 60_000

interface Properties {
  rule: Rule
  /** all of them: what one asks for, another may record */
  rules: readonly Rule[]
  onSilence?: (labels: Labels) => void
}

export function RuleDetails({ rule, rules, onSilence }: Properties) {
  return (
    <div class="rule-details">
      {rule.lastError && <Failure message={rule.lastError} />}
      <RuleGraph rule={rule} />
      <dl class="figures">
        {rule.duration !== undefined && (
          <div>
            <dt>for</dt>
            <dd>{rule.duration} s</dd>
          </div>
        )}
        {rule.lastEvaluation && (
          <div>
            <dt>evaluated</dt>
            <dd>{ago(Date.parse(rule.lastEvaluation))}</dd>
          </div>
        )}
        {Object.entries(rule.labels ?? {}).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {!rule.alerts?.length && <Annotations texts={rule.annotations ?? {}} hint="of an alert" />}
      <Alerts rule={rule} rules={rules} onSilence={onSilence} />
      <p class="rule-links">
        <a
          class="button"
          href={link(rule.over === 'series' ? 'metrics' : 'logs', { q: thresholdOf(rule.query).query, ...RANGE })}
        >
          Open the query in {rule.over === 'series' ? 'Metrics' : 'Logs'}
        </a>
        {rule.type === 'recording' && (
          <a class="button" href={link('metrics', { q: rule.name, ...RANGE })}>
            Open the series in Metrics
          </a>
        )}
      </p>
    </div>
  )
}

function RuleGraph({ rule }: { rule: Rule }) {
  const { query, value } = thresholdOf(rule.query)
  const found = useLoaded(
    async signal => {
      const range = resolveRange(RANGE)
      const step = stepFor(range, 120)
      const data =
        rule.over === 'series'
          ? await queryRecorded({ query, range, step, signal })
          : (await runQuery({ query, range, step, purpose: 'alert', signal })).data
      return { range, series: data.kind === 'series' ? data.series : [] }
    },
    [query],
    EVERY,
  )
  if (found.error && !found.value) return <Failure message={found.error.message} />
  if (!found.value?.series.length) return null
  const { range, series } = found.value
  const { times, items } = named(series)
  return (
    <>
      <TimeChart
        times={times}
        series={items}
        range={range}
        height={180}
        thresholds={value === null ? [] : [{ value, colour: '--level-error' }]}
        label={`${rule.name} over the last three hours${value === null ? '' : `, threshold ${value}`}`}
      />
      <Legend items={items} />
    </>
  )
}

function Annotations({ texts, hint = '' }: { texts: Labels; hint?: string }) {
  return (
    <>
      {Object.entries(texts).map(([name, text]) => (
        <p key={name} class="annotation">
          <span class="hint">
            {name} {hint}
          </span>{' '}
          {text}
        </p>
      ))}
    </>
  )
}

function Alerts({ rule, rules, onSilence }: Properties) {
  const asked = !!onSilence && !!rule.alerts?.length
  const silenced = useLoaded(async signal => (asked ? silences(signal) : []), [asked], LIVE)
  const [whole, setWhole] = useState(false)
  if (!rule.alerts?.length) return null
  const shown = whole ? rule.alerts : rule.alerts.slice(0, FIRST)
  const rest = rule.alerts.length - shown.length
  return (
    <>
      <table class="data-table">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Since</th>
            <th scope="col">Labels</th>
            <th scope="col" class="number">
              Value
            </th>
            <th scope="col">
              <span class="visually-hidden">Lines, silence</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((alert, at) => (
            <tr key={at}>
              <td>
                <span class={`state ${alert.state}`}>{alert.state}</span>
                <Silenced silence={silenceOf(alert.labels, silenced.value ?? [])} />
              </td>
              <td>{alert.activeAt ? ago(Date.parse(alert.activeAt)) : ''}</td>
              <td>
                <code>{seriesName(alert.labels)}</code>
                <Annotations texts={alert.annotations} />
              </td>
              <td class="number">{alert.value === undefined ? '' : Number(alert.value)}</td>
              <td class="alert-actions">
                <LinesLink behind={linesBehind(rule, alert, rules)} />
                {onSilence && (
                  <button
                    type="button"
                    class="button small"
                    disabled={!may('rules')}
                    title={whyNot('rules')}
                    onClick={() => onSilence(alert.labels)}
                  >
                    Silence
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && (
        <p class="hint">
          The first {FIRST} of {countOf(rule.alerts.length, 'alert')}.{' '}
          <button type="button" class="button small" onClick={() => setWhole(true)}>
            Show {formatCount(rest)} more
          </button>
        </p>
      )}
    </>
  )
}

function Silenced({ silence }: { silence: Silence | null }) {
  if (!silence) return null
  return (
    <p class="hint" title={silence.comment}>
      silenced until {formatMoment(Date.parse(silence.endsAt), Date.now())}
    </p>
  )
}

function LinesLink({ behind }: { behind: Behind | null }) {
  if (!behind) return null
  return (
    <a
      class="button small"
      title="The lines that made it, from before it began"
      href={link('logs', { q: behind.query, from: String(behind.from), to: 'now' })}
    >
      Lines
    </a>
  )
}
