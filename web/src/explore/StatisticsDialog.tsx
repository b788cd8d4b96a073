// The values of a field over the whole range, and how they spread over time.

import { runQuery } from '../api/loki'
import { align, seriesName } from '../charts/align'
import { Legend } from '../charts/Legend'
import { coloursOf } from '../charts/palette'
import { TimeChart } from '../charts/TimeChart'
import { formatCount } from '../charts/units'
import { toggleFilter } from '../logql/edit'
import type { Field } from '../logs/fields'
import { Dialog } from '../parts/Dialog'
import { Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import { formatDuration } from '../time/duration'
import { stepFor } from '../time/range'
import { countedBy, topValues } from './FieldSidebar'
import type { Pane } from './pane'

export function StatisticsDialog({ pane, field, onClose }: { pane: Pane; field: Field; onClose: () => void }) {
  const top = useLoaded(signal => topValues(pane, field.name, field.origin, signal, 20), [])
  const range = pane.asked.value
  const step = stepFor(range, 60)
  const over = useLoaded(async signal => {
    const query = `topk(8, ${countedBy(pane, field.name, field.origin, formatDuration(step))})`
    const found = await runQuery({ query, range, step, purpose: 'fields', signal })
    return found.data.kind === 'series' ? found.data.series.slice(0, 10) : []
  }, [])
  const total = top.value?.reduce((sum, each) => sum + each.count, 0) ?? 0
  const aligned = over.value ? align(over.value) : null
  const colours = coloursOf(over.value ?? [])
  const items = aligned?.columns.map((values, at) => ({
    name: seriesName(over.value![at]!.labels),
    colour: colours[at]!,
    values,
  }))
  return (
    <Dialog title={`Statistics of ${field.name}`} class="wide" onClose={onClose}>
      {top.error && <Failure message={top.error.message} />}
      {aligned && items && (
        <>
          <TimeChart
            times={aligned.times}
            series={items}
            range={range}
            height={150}
            label={`${field.name} over time`}
          />
          <Legend items={items} />
        </>
      )}
      <table class="data-table">
        <thead>
          <tr>
            <th scope="col">Value</th>
            <th scope="col" class="number">
              Lines
            </th>
            <th scope="col" class="number">
              Share of these
            </th>
          </tr>
        </thead>
        <tbody>
          {top.value?.map(({ value, count }) => (
            <tr key={value}>
              <td>
                <button
                  type="button"
                  class="cell-button"
                  onClick={() => {
                    onClose()
                    pane.ask(toggleFilter(pane.draft.value, field.origin, field.name, '=', value))
                  }}
                >
                  {value || '(empty)'}
                </button>
              </td>
              <td class="number">
                <span class="cell-bar" style={{ width: `${total ? (count / total) * 60 : 0}%` }} aria-hidden="true" />
                <span class="cell-value">{formatCount(count)}</span>
              </td>
              <td class="number">{total ? ((count / total) * 100).toFixed(1) : 0}%</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  )
}
