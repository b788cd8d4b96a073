// Everything that a query finds, as a file.

import { address, ask } from '../api/http'
import { spanOf } from '../api/loki'
import { tenant } from '../api/tenant'
import { saveFile } from '../charts/export'
import { Icon } from '../parts/Icon'
import { tell } from '../parts/Notices'
import { Popover } from '../parts/Popover'
import { messageOf, useWork } from '../parts/useWork'
import type { Pane } from './pane'

const FORMATS = [
  ['NDJSON', 'ndjson'],
  ['Arrow', 'arrow'],
  ['Parquet', 'parquet'],
] as const

const PATH = 'sigyn/api/v1/export'

export function ExportLines({ pane }: { pane: Pane }) {
  const { busy, run } = useWork()
  const asked = (format: string) => ({ query: pane.sent.value, ...spanOf(pane.asked.value), format })
  const save = async (format: string) => {
    try {
      const answer = await ask(PATH, { parameters: asked(format) })
      saveFile(`sigyn.${format}`, await answer.blob())
    } catch (failure) {
      tell(`The lines could not be exported: ${messageOf(failure)}`, 'error')
    }
  }
  return (
    <Popover
      class="button small"
      align="right"
      title="Export everything that the query finds"
      label={
        <>
          <Icon name="download" /> {busy ? 'Exporting…' : 'Export'}
        </>
      }
    >
      {close => (
        <ul class="menu">
          {FORMATS.map(([name, format]) => (
            <li key={format}>
              {/* A link, which the browser saves as it comes, can name no tenant. */}
              {tenant.value ? (
                <button
                  type="button"
                  disabled={busy}
                  onClick={() => {
                    close()
                    run(() => save(format))
                  }}
                >
                  {name}
                </button>
              ) : (
                <a href={String(address(PATH, asked(format)))} download={`sigyn.${format}`}>
                  {name}
                </a>
              )}
            </li>
          ))}
        </ul>
      )}
    </Popover>
  )
}
