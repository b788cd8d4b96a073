// A silence for an alert: which alerts, for how long, and why.

import { useState } from 'preact/hooks'
import { addSilence, type Matcher } from '../api/alerting'
import type { Labels } from '../logs/entry'
import { Dialog } from '../parts/Dialog'
import { Failure } from '../parts/Empty'
import { Icon } from '../parts/Icon'
import { tell } from '../parts/Notices'
import { useWork } from '../parts/useWork'
import { parseDuration } from '../time/duration'

const LENGTHS = ['30m', '1h', '2h', '8h', '1d', '7d']

type Operator = '=' | '!=' | '=~' | '!~'
const OPERATORS: readonly Operator[] = ['=', '!=', '=~', '!~']

export function operatorOf({ isEqual, isRegex }: Matcher): Operator {
  return `${isEqual ? (isRegex ? '=' : '') : '!'}${isRegex ? '~' : '='}` as Operator
}

export function SilenceDialog({
  labels,
  onClose,
  onDone,
}: {
  labels: Labels
  onClose: () => void
  onDone: () => void
}) {
  const [matchers, setMatchers] = useState<Matcher[]>(
    Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true })),
  )
  const [length, setLength] = useState('2h')
  const [comment, setComment] = useState('')
  const { busy, error, run } = useWork()
  const milliseconds = parseDuration(length.trim())
  const change = (at: number, changed: Partial<Matcher>) =>
    setMatchers(matchers.map((each, index) => (index === at ? { ...each, ...changed } : each)))
  const save = async () => {
    const now = Date.now()
    await addSilence({
      matchers: matchers.filter(each => each.name.trim()),
      startsAt: new Date(now).toISOString(),
      endsAt: new Date(now + milliseconds!).toISOString(),
      comment: comment.trim(),
    })
    tell('Silenced')
    onDone()
  }
  return (
    <Dialog title="Silence" class="wide" onClose={onClose}>
      <form
        class="stacked-form"
        onSubmit={event => {
          event.preventDefault()
          run(save)
        }}
      >
        <fieldset class="matchers" aria-label="Matchers">
          {matchers.map((matcher, at) => (
            <div key={at} class="matcher">
              <input
                aria-label={`Label ${at + 1}`}
                value={matcher.name}
                onInput={event => change(at, { name: event.currentTarget.value })}
              />
              <select
                class="select"
                aria-label={`Operator ${at + 1}`}
                value={operatorOf(matcher)}
                onChange={event => {
                  const operator = event.currentTarget.value
                  change(at, { isEqual: !operator.startsWith('!'), isRegex: operator.endsWith('~') })
                }}
              >
                {OPERATORS.map(each => (
                  <option key={each}>{each}</option>
                ))}
              </select>
              <input
                aria-label={`Value ${at + 1}`}
                value={matcher.value}
                onInput={event => change(at, { value: event.currentTarget.value })}
              />
              <button
                type="button"
                class="icon-button"
                aria-label={`Remove matcher ${at + 1}`}
                onClick={() => setMatchers(matchers.filter((_, index) => index !== at))}
              >
                <Icon name="close" />
              </button>
            </div>
          ))}
        </fieldset>
        <button
          type="button"
          class="button small"
          onClick={() => setMatchers([...matchers, { name: '', value: '', isRegex: false, isEqual: true }])}
        >
          Add a matcher
        </button>
        <label>
          For how long
          <input
            list="silence-lengths"
            value={length}
            aria-invalid={!milliseconds}
            onInput={event => setLength(event.currentTarget.value)}
          />
          <datalist id="silence-lengths">
            {LENGTHS.map(each => (
              <option key={each} value={each} />
            ))}
          </datalist>
        </label>
        <label>
          Why
          <input value={comment} required onInput={event => setComment(event.currentTarget.value)} />
        </label>
        {error && <Failure message={error} />}
        <button
          type="submit"
          class="button primary"
          disabled={busy || !milliseconds || !matchers.length || !comment.trim()}
        >
          Silence
        </button>
      </form>
    </Dialog>
  )
}
