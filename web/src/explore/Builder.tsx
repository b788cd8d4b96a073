// The query as things to click: matchers and stages as chips, and menus of what could be added.

import { useState } from 'preact/hooks'
import { labelNames, labelValues } from '../api/loki'
import { formatCount } from '../charts/units'
import { addLineFilter, addStage, removeMatcher, removeStage, toggleMatcher } from '../logql/edit'
import { structureOf } from '../logql/structure'
import { ERRORS } from '../logs/levels'
import { Failure } from '../parts/Empty'
import { Icon } from '../parts/Icon'
import { Popover } from '../parts/Popover'
import { useLoaded } from '../parts/useLoaded'
import { formatDuration } from '../time/duration'
import { stepFor } from '../time/range'
import type { Pane } from './pane'

const MOST_SHOWN = 200

export function Builder({ pane }: { pane: Pane }) {
  const query = pane.draft.value
  const { selector, stages, isMetric } = pane.structure.value
  return (
    <fieldset class="builder" aria-label="Query builder">
      {selector?.matchers.map((matcher, index) => (
        <Chip
          key={`${matcher.name}${matcher.operator}${matcher.value}`}
          kind="matcher"
          name={matcher.name}
          text={`${matcher.operator} ${matcher.value || '""'}`}
          onRemove={() => pane.ask(removeMatcher(query, index))}
        />
      ))}
      <Popover
        class="chip add"
        title="Add a label"
        label={
          <>
            <Icon name="plus" /> Label
          </>
        }
      >
        {close => <LabelMenu pane={pane} onDone={close} />}
      </Popover>
      {stages.map((stage, index) => (
        <Chip
          key={`${index}${stage.text}`}
          kind="stage"
          name=""
          text={stage.text}
          onRemove={() => pane.ask(removeStage(query, index))}
        />
      ))}
      <Popover
        class="chip add"
        title="Add a text filter"
        label={
          <>
            <Icon name="plus" /> Text
          </>
        }
      >
        {close => <TextMenu pane={pane} onDone={close} />}
      </Popover>
      <Popover
        class="chip add"
        title="Add a step"
        label={
          <>
            <Icon name="plus" /> Step
          </>
        }
      >
        {close => <StepMenu pane={pane} isMetric={isMetric} onDone={close} />}
      </Popover>
    </fieldset>
  )
}

interface ChipProperties {
  kind: string
  name: string
  text: string
  onRemove: () => void
}

function Chip({ kind, name, text, onRemove }: ChipProperties) {
  return (
    <span class={`chip ${kind}`} title={name + text}>
      {name && <span class="chip-name">{name}</span>}
      <span class="chip-text">{text}</span>
      <button type="button" aria-label={`Remove ${name} ${text}`} onClick={onRemove}>
        ×
      </button>
    </span>
  )
}

function LabelMenu({ pane, onDone }: { pane: Pane; onDone: () => void }) {
  const [name, setName] = useState('')
  const [text, setText] = useState('')
  const range = pane.range()
  const others = selectorWithout(pane.draft.value, name)
  const names = useLoaded(signal => labelNames(range, '', signal), [])
  const values = useLoaded(signal => (name ? labelValues(name, range, others, signal) : Promise.resolve([])), [name])
  const loaded = name ? values : names
  const fitting = (loaded.value ?? []).filter(each => each.toLowerCase().includes(text.toLowerCase()))
  return (
    <div class="menu">
      <div class="menu-head">
        {name && (
          <button type="button" class="icon-button" aria-label="Back to labels" onClick={() => setName('')}>
            <Icon name="left" />
          </button>
        )}
        <input
          placeholder={name ? `value of ${name}` : 'label'}
          aria-label={name ? `Value of ${name}` : 'Label'}
          value={text}
          onInput={event => setText(event.currentTarget.value)}
        />
      </div>
      <ul>
        {fitting.slice(0, MOST_SHOWN).map(each => (
          <li key={each}>
            <button
              type="button"
              onClick={() => {
                setText('')
                if (!name) setName(each)
                else {
                  onDone()
                  pane.ask(toggleMatcher(pane.draft.value, name, '=', each))
                }
              }}
            >
              {each}
            </button>
          </li>
        ))}
      </ul>
      {loaded.error && <Failure message={loaded.error.message} />}
      {fitting.length > MOST_SHOWN && (
        <p class="hint menu-foot">
          {MOST_SHOWN} of {formatCount(fitting.length)}: write a part of the one you look for
        </p>
      )}
    </div>
  )
}

/** The selector without this label, so that its other values are offered, too. */
function selectorWithout(query: string, name: string): string {
  const { selector } = structureOf(query)
  const index = selector?.matchers.findIndex(matcher => matcher.name === name) ?? -1
  const rest = index < 0 ? query : removeMatcher(query, index)
  const found = structureOf(rest).selector
  return found?.matchers.length ? rest.slice(found.from, found.to) : ''
}

function TextMenu({ pane, onDone }: { pane: Pane; onDone: () => void }) {
  const [operator, setOperator] = useState<'|=' | '!=' | '|~' | '!~'>('|=')
  const [text, setText] = useState('')
  return (
    <form
      class="menu inline-form"
      onSubmit={event => {
        event.preventDefault()
        if (!text) return
        onDone()
        pane.ask(addLineFilter(pane.draft.value, operator, text))
      }}
    >
      <select
        class="select"
        aria-label="Kind of filter"
        value={operator}
        onChange={event => setOperator(event.currentTarget.value as typeof operator)}
      >
        <option value="|=">contains</option>
        <option value="!=">does not contain</option>
        <option value="|~">matches</option>
        <option value="!~">does not match</option>
      </select>
      <input
        placeholder="text in the line"
        aria-label="Text in the line"
        value={text}
        onInput={event => setText(event.currentTarget.value)}
      />
      <button type="submit" class="button primary">
        Add
      </button>
    </form>
  )
}

function StepMenu({ pane, isMetric, onDone }: { pane: Pane; isMetric: boolean; onDone: () => void }) {
  const query = pane.draft.value
  const interval = formatDuration(Math.max(60_000, stepFor(pane.range(), 240)))
  const apply = (next: string) => () => {
    onDone()
    pane.ask(next)
  }
  const counted = (text: string) => (isMetric || !query.trim() ? null : text)
  const steps: [string, string, string | null][] = [
    ['Parse JSON', '| json', addStage(query, '| json')],
    ['Parse logfmt', '| logfmt', addStage(query, '| logfmt')],
    ['Only errors', `| ${ERRORS}`, addStage(query, `| ${ERRORS}`)],
    ['Without parse errors', '| __error__=""', addStage(query, '| __error__=""')],
    ['Remove colour codes', '| decolorize', addStage(query, '| decolorize')],
    [
      'Count over time',
      `sum(count_over_time(… [${interval}]))`,
      counted(`sum(count_over_time(${query} [${interval}]))`),
    ],
    [
      'Rate by level',
      `sum by (detected_level) (rate(… [${interval}]))`,
      counted(`sum by (detected_level) (rate(${query} [${interval}]))`),
    ],
    [
      'Rows by level',
      '| stats count() as n by (detected_level)',
      counted(`${query} | stats count() as n by (detected_level) | sort by n desc`),
    ],
  ]
  return (
    <ul class="menu step-menu">
      {steps.map(([name, text, next]) =>
        next === null ? null : (
          <li key={name}>
            <button type="button" onClick={apply(next)}>
              {name} <code>{text}</code>
            </button>
          </li>
        ),
      )}
    </ul>
  )
}
