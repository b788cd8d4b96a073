import type { Table } from '../api/loki'
import { arrowOf, csvOf, jsonOf, saveFile } from '../charts/export'
import { Icon } from '../parts/Icon'
import { tell } from '../parts/Notices'
import { Popover } from '../parts/Popover'
import type { Pane } from './pane'

export function ExportTable({ pane, table }: { pane: Pane; table: Table }) {
  const arrow = async () => {
    try {
      saveFile('sigyn.arrow', await arrowOf(pane.sent.value, pane.asked.value))
    } catch (error) {
      tell(String(error), 'error')
    }
  }
  return (
    <Popover
      class="button small"
      align="right"
      title="Export the table"
      label={
        <>
          <Icon name="download" /> Export
        </>
      }
    >
      {close => (
        <ul class="menu">
          {(
            [
              ['CSV', () => saveFile('sigyn.csv', csvOf(table), 'text/csv')],
              ['JSON', () => saveFile('sigyn.json', jsonOf(table), 'application/json')],
              ['Arrow', arrow],
            ] as const
          ).map(([name, save]) => (
            <li key={name}>
              <button
                type="button"
                onClick={() => {
                  close()
                  void save()
                }}
              >
                {name}
              </button>
            </li>
          ))}
        </ul>
      )}
    </Popover>
  )
}
