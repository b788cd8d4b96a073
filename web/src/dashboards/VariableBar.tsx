import { useLoaded } from '../parts/useLoaded'
import type { Range } from '../time/range'
import type { Variable } from './model'
import { ALL, isChosen, valuesOf } from './variables'

interface Properties {
  variables: Variable[]
  chosen: Readonly<Record<string, string[]>>
  range: Range
  onChoose: (name: string, values: string[]) => void
}

export function VariableBar({ variables, chosen, range, onChoose }: Properties) {
  const shown = variables.filter(isChosen)
  if (!shown.length) return null
  return (
    <div class="variables">
      {shown.map(variable => (
        <VariableChoice
          key={variable.name}
          variable={variable}
          chosen={chosen}
          range={range}
          onChoose={values => onChoose(variable.name, values)}
        />
      ))}
    </div>
  )
}

interface ChoiceProperties {
  variable: Variable
  chosen: Readonly<Record<string, string[]>>
  range: Range
  onChoose: (values: string[]) => void
}

function VariableChoice({ variable, chosen, range, onChoose }: ChoiceProperties) {
  const values = useLoaded(signal => valuesOf(variable, range, chosen, signal), [variable.name, range.start, range.end])
  const current = chosen[variable.name] ?? []
  const label = variable.label || variable.name
  if (variable.type === 'textbox') {
    return (
      <label class="variable">
        <span>{label}</span>
        <input aria-label={label} value={current[0] ?? ''} onChange={event => onChoose([event.currentTarget.value])} />
      </label>
    )
  }
  const options = [...new Set([...current.filter(value => value !== ALL), ...(values.value ?? [])])]
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
