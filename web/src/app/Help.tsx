import { Dialog } from '../parts/Dialog'
import { allShortcuts } from './shortcuts'

const IN_EDITOR = [
  ['Enter', 'run the query'],
  ['Shift Enter', 'new line'],
  ['Tab', 'take the completion'],
  ['Ctrl Space', 'complete'],
  ['Escape', 'leave the editor'],
] as const

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div class="help-columns">
        <KeyList keys={allShortcuts().map(shortcut => [shortcut.keys, shortcut.does])} title="Anywhere" />
        <KeyList keys={IN_EDITOR} title="In the query" />
      </div>
    </Dialog>
  )
}

function KeyList({ title, keys }: { title: string; keys: readonly (readonly [string, string])[] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl class="keys">
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              {key.split(' ').map(each => (
                <kbd key={each}>{each}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
