import { useState } from 'preact/hooks'
import { Popover } from '../parts/Popover'
import { useLoaded } from '../parts/useLoaded'
import type { Scope } from './interpolate'
import type { Variable } from './model'
import { ALL, isChosen, type ValuesOf } from './variables'

interface Properties {
  variables: Variable[]
  chosen: Readonly<Record<string, string[]>>
  /** null until it is known what the variables stand for */
  scope: Scope | null
  valuesOf: ValuesOf
  onChoose: (name: string, values: string[]) => void
}

export function VariableBar({ variables, chosen, scope, valuesOf, onChoose }: Properties) {
  const shown = variables.filter(isChosen)
  if (!shown.length) return null
  return (
    <div class="variables">
      {shown.map(variable => (
        <VariableChoice
          key={variable.name}
          variable={variable}
          current={chosen[variable.name] ?? []}
          scope={scope}
          valuesOf={valuesOf}
          onChoose={values => onChoose(variable.name, values)}
        />
      ))}
    </div>
  )
}

interface ChoiceProperties {
  variable: Variable
  current: string[]
  scope: Scope | null
  valuesOf: ValuesOf
  onChoose: (values: string[]) => void
}

function VariableChoice({ variable, current, scope, valuesOf, onChoose }: ChoiceProperties) {
  const { [variable.name]: _, ...others } = scope ?? {}
  const values = useLoaded(
    async () => (scope ? valuesOf(variable, scope) : []),
    [variable.name, valuesOf, scope === null, JSON.stringify(others)],
  )
  const label = variable.label || variable.name
  if (variable.type === 'textbox') {
    return <TextChoice label={label} current={current[0] ?? ''} onChoose={onChoose} />
  }
  const options = [...new Set([...current.filter(value => value !== ALL), ...(values.value ?? [])])]
  if (variable.multi) {
    return (
      <SeveralValues
        label={label}
        options={options}
        current={current}
        all={variable.includeAll ?? false}
        onChoose={onChoose}
      />
    )
  }
  return (
    <label class="variable">
      <span>{label}</span>
      <select
        class="select"
        aria-label={label}
        value={current[0] ?? ''}
        onChange={event => onChoose([event.currentTarget.value])}
      >
        {variable.includeAll && <option value={ALL}>All</option>}
        {options.map(value => (
          <option key={value} value={value}>
            {value}
          </option>
        ))}
      </select>
    </label>
  )
}

interface TextProperties {
  label: string
  current: string
  onChoose: (values: string[]) => void
}

/** A text that counts once it is finished; panels that load meanwhile must not take back what is being typed. */
function TextChoice({ label, current, onChoose }: TextProperties) {
  const [{ text, known }, setState] = useState({ text: current, known: current })
  // While it is drawn, not in an effect: an effect of the first drawing would take back what was typed before it ran.
  if (known !== current) setState({ text: current, known: current })
  return (
    <label class="variable">
      <span>{label}</span>
      <input
        aria-label={label}
        value={text}
        onInput={event => setState({ text: event.currentTarget.value, known })}
        onChange={event => onChoose([event.currentTarget.value])}
      />
    </label>
  )
}

interface SeveralProperties {
  label: string
  options: string[]
  current: string[]
  all: boolean
  onChoose: (values: string[]) => void
}

function SeveralValues({ label, options, current, all, onChoose }: SeveralProperties) {
  const isAll = current.includes(ALL)
  const toggle = (value: string) => {
    const own = current.filter(each => each !== ALL)
    const next = own.includes(value) ? own.filter(each => each !== value) : [...own, value]
    onChoose(next.length ? next : all ? [ALL] : own)
  }
  return (
    <div class="variable">
      <span>{label}</span>
      <Popover title={`Choose ${label}`} label={isAll ? 'All' : current.join(' + ') || 'none'}>
        {() => (
          <ul class="several-values" aria-label={label}>
            {all && (
              <li>
                <label>
                  <input type="checkbox" checked={isAll} onChange={() => onChoose([ALL])} /> All
                </label>
              </li>
            )}
            {options.map(value => (
              <li key={value}>
                <label>
                  <input type="checkbox" checked={current.includes(value)} onChange={() => toggle(value)} /> {value}
                </label>
              </li>
            ))}
          </ul>
        )}
      </Popover>
    </div>
  )
}
