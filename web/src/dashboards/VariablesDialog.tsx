// The variables of a dashboard: their names, what they may be, and in which order they stand and depend on each other.

import { useState } from 'preact/hooks'
import { Dialog } from '../parts/Dialog'
import { Icon } from '../parts/Icon'
import type { Variable } from './model'
import { KINDS, listedOf, listing, newVariable, ofKind, problemOf, withText } from './variableEdit'
import { queryText } from './variables'

interface Properties {
  variables: readonly Variable[]
  onClose: () => void
  onDone: (variables: Variable[]) => void
}

const TEXTS: Readonly<Record<string, string>> = {
  custom: 'Values, with commas between',
  interval: 'Durations, with commas between',
  textbox: 'Text at first',
  constant: 'Value',
}

export function VariablesDialog({ variables, onClose, onDone }: Properties) {
  const [draft, setDraft] = useState([...variables])
  const problem = problemOf(draft)
  const without = (at: number) => draft.filter((_, index) => index !== at)
  const earlier = (at: number) => {
    const next = without(at)
    next.splice(at - 1, 0, draft[at]!)
    setDraft(next)
  }
  return (
    <Dialog title="Variables" class="wide" onClose={onClose}>
      <form
        class="panel-form"
        onSubmit={event => {
          event.preventDefault()
          onDone(draft)
        }}
      >
        <p class="hint wide">
          A query says <code>$name</code> where the value is wanted; one that may be several stands behind{' '}
          <code>=~</code>.
        </p>
        {draft.map((variable, at) => (
          <VariableFields
            key={at}
            number={at + 1}
            variable={variable}
            onChange={changed => setDraft(draft.map((each, index) => (index === at ? changed : each)))}
            onEarlier={at > 0 ? () => earlier(at) : undefined}
            onRemove={() => setDraft(without(at))}
          />
        ))}
        <p class="wide">
          <button
            type="button"
            class="button small"
            onClick={() => setDraft([...draft, newVariable(draft.map(each => each.name))])}
          >
            Add a variable
          </button>
        </p>
        {problem && (
          <p class="failure wide" role="alert">
            {problem}
          </p>
        )}
        <p class="wide">
          <button type="submit" class="button primary" disabled={!!problem}>
            Apply
          </button>
        </p>
      </form>
    </Dialog>
  )
}

interface FieldsProperties {
  number: number
  variable: Variable
  onChange: (variable: Variable) => void
  onEarlier?: () => void
  onRemove: () => void
}

function VariableFields({ number, variable, onChange, onEarlier, onRemove }: FieldsProperties) {
  const known = KINDS.some(([type]) => type === variable.type)
  const isList = variable.type === 'query' || variable.type === 'custom'
  const listed = listedOf(variable)
  return (
    <fieldset class="wide variable-fields">
      <legend>Variable {number}</legend>
      <label>
        Name
        <input
          aria-label={`Name ${number}`}
          value={variable.name}
          onInput={event => onChange({ ...variable, name: event.currentTarget.value })}
        />
      </label>
      <label>
        Shown as
        <input
          aria-label={`Shown as ${number}`}
          placeholder={variable.name}
          value={variable.label ?? ''}
          onInput={event => onChange({ ...variable, label: event.currentTarget.value })}
        />
      </label>
      <label>
        Kind
        <select
          class="select"
          aria-label={`Kind ${number}`}
          value={variable.type}
          onChange={event => onChange(ofKind(variable, event.currentTarget.value))}
        >
          {KINDS.map(([type, name]) => (
            <option key={type} value={type}>
              {name}
            </option>
          ))}
          {!known && <option value={variable.type}>{variable.type}</option>}
        </select>
      </label>
      {variable.type === 'query' ? (
        <>
          <label>
            Label
            <input
              aria-label={`Label ${number}`}
              value={listed.label}
              onInput={event => onChange(listing(variable, { label: event.currentTarget.value.trim() }))}
            />
          </label>
          <label>
            Of streams
            <input
              aria-label={`Of streams ${number}`}
              placeholder='{namespace="shop"}'
              value={listed.stream}
              onInput={event => onChange(listing(variable, { stream: event.currentTarget.value }))}
            />
          </label>
        </>
      ) : (
        known && (
          <label>
            {TEXTS[variable.type]}
            <input
              aria-label={`Value ${number}`}
              value={queryText(variable)}
              onInput={event => onChange(withText(variable, event.currentTarget.value))}
            />
          </label>
        )
      )}
      {isList && (
        <>
          <label class="check">
            <input
              type="checkbox"
              aria-label={`Several values ${number}`}
              checked={variable.multi ?? false}
              onChange={event => onChange({ ...variable, multi: event.currentTarget.checked })}
            />
            Several values
          </label>
          <label class="check">
            <input
              type="checkbox"
              aria-label={`All ${number}`}
              checked={variable.includeAll ?? false}
              onChange={event => onChange({ ...variable, includeAll: event.currentTarget.checked })}
            />
            All
          </label>
        </>
      )}
      {onEarlier && (
        <button type="button" class="icon-button" aria-label={`Move variable ${number} up`} onClick={onEarlier}>
          <Icon name="up" />
        </button>
      )}
      <button type="button" class="icon-button" aria-label={`Remove variable ${number}`} onClick={onRemove}>
        <Icon name="trash" />
      </button>
    </fieldset>
  )
}
