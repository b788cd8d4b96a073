// How the query would run: what is read and pruned, what runs where, and why.

import { explain } from '../api/sigyn'
import { formatCount, formatValue } from '../charts/units'
import { Dialog } from '../parts/Dialog'
import { Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import { withTimes } from '../time/variables'
import { PAGE_LINES } from './pages'
import { GRAPH_POINTS, type Pane } from './pane'

const PLACES = { sql: 'SQL and kernels', interpreter: 'interpreter', rows: 'rows' }

export function ExplainDialog({ pane, onClose }: { pane: Pane; onClose: () => void }) {
  const plan = useLoaded(signal => {
    const range = pane.range()
    return explain(withTimes(pane.draft.value, range, GRAPH_POINTS), range, PAGE_LINES, signal)
  }, [])
  return (
    <Dialog title="How this query runs" class="wide" onClose={onClose}>
      {plan.error && <Failure message={plan.error.message} />}
      {plan.value && (
        <>
          <p class="plan-kind">{plan.value.kind}</p>
          <pre class="plan-query">{plan.value.query}</pre>
          {plan.value.reads.map((read, at) => (
            <section key={at} class="plan-read">
              <h3>{read.purpose}</h3>
              <dl class="figures">
                <Figure name="streams" value={formatCount(read.streams)} />
                <Figure
                  name="segments"
                  value={`${formatCount(read.segments_read)} of ${formatCount(read.segments_total)}`}
                />
                <Figure
                  name="row groups"
                  value={`${formatCount(read.row_groups_read)} of ${formatCount(read.row_groups_total)}`}
                />
                <Figure name="lines at most" value={formatCount(read.rows)} />
                <Figure name="text at most" value={formatValue(read.bytes, 'bytes')} />
              </dl>
              <ol class="plan-stages">
                <li>
                  <code>{read.selector}</code> <span class="plan-place catalog">catalog</span>
                </li>
                {read.stages.map((stage, index) => (
                  <li key={index}>
                    <code>{stage.text}</code> <span class={`plan-place ${stage.runs_in}`}>{PLACES[stage.runs_in]}</span>
                    {stage.reason && <small>{stage.reason}</small>}
                  </li>
                ))}
              </ol>
            </section>
          ))}
        </>
      )}
    </Dialog>
  )
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}
