// A few names side by side, of which one is chosen.

export interface Choice<T> {
  value: T
  name: string
}

interface ChoiceProperties<T> {
  label: string
  value: T
  choices: readonly Choice<T>[]
  onChoose: (value: T) => void
}

export function Choices<T extends string>({ label, value, choices, onChoose }: ChoiceProperties<T>) {
  return (
    <fieldset class="choices" aria-label={label}>
      {choices.map(choice => (
        <button
          key={choice.value}
          type="button"
          aria-pressed={choice.value === value}
          onClick={() => onChoose(choice.value)}
        >
          {choice.name}
        </button>
      ))}
    </fieldset>
  )
}
