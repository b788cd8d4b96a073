// What is above the answer: which view of it, and how lines are shown.

import type { ComponentChildren } from 'preact'
import { type Choice, Choices } from '../parts/Choices'
import { Icon } from '../parts/Icon'
import type { LineForm, ResultView } from './address'
import type { Pane } from './pane'

const FORMS: readonly Choice<LineForm>[] = [
  { value: 'readable', name: 'Readable' },
  { value: 'raw', name: 'Raw' },
  { value: 'pretty', name: 'Pretty JSON' },
]

export function ResultTools({
  pane,
  views,
  children,
}: {
  pane: Pane
  views: readonly Choice<ResultView>[]
  children?: ComponentChildren
}) {
  const { view, form, wrap, direction } = pane.state.value
  const shown = views.some(each => each.value === view) ? view : views[0]!.value
  return (
    <div class="result-tools">
      <Choices label="View" value={shown} choices={views} onChoose={value => pane.change({ view: value })} />
      {shown === 'lines' && views.length > 1 && (
        <>
          <Choices
            label="Form of lines"
            value={form}
            choices={FORMS}
            onChoose={value => pane.change({ form: value })}
          />
          <button type="button" class="button small" aria-pressed={wrap} onClick={() => pane.change({ wrap: !wrap })}>
            Wrap
          </button>
          <button type="button" class="button small" title="Order of lines" onClick={pane.turn}>
            <Icon name="down" /> {direction === 'backward' ? 'Newest first' : 'Oldest first'}
          </button>
        </>
      )}
      <span class="spacer" />
      {children}
    </div>
  )
}
