// Silences of Alertmanager: those that are in force or will be; each can be ended.

import { useState } from 'preact/hooks'
import { expireSilence, type Silence, silences } from '../api/alerting'
import { ApiError } from '../api/http'
import { may, whyNot } from '../api/identity'
import { Empty, Failure } from '../parts/Empty'
import { tell } from '../parts/Notices'
import { LIVE, useLoaded } from '../parts/useLoaded'
import { formatMoment } from '../time/format'
import { operatorOf, SilenceDialog } from './SilenceDialog'

export function Silences() {
  const found = useLoaded(silences, [], LIVE)
  const [adding, setAdding] = useState(false)
  const current = (found.value ?? [])
    .filter(silence => silence.status.state !== 'expired')
    .sort((a, b) => a.endsAt.localeCompare(b.endsAt))
  const expire = async (silence: Silence) => {
    try {
      await expireSilence(silence.id)
      tell('The silence is over')
      found.reload()
    } catch (failure) {
      tell(failure instanceof ApiError ? failure.message : String(failure), 'error')
    }
  }
  return (
    <>
      {found.error && <Failure message={found.error.message} />}
      <p>
        <button
          type="button"
          class="button"
          disabled={!may('rules')}
          title={whyNot('rules')}
          onClick={() => setAdding(true)}
        >
          New silence
        </button>
      </p>
      {found.value && !current.length && <Empty title="Nothing is silenced" />}
      {current.length > 0 && (
        <section class="panel silences" aria-label="Silences">
          <table class="data-table">
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Alerts</th>
                <th scope="col">Until</th>
                <th scope="col">Why</th>
                <th scope="col">By</th>
                <th scope="col">
                  <span class="visually-hidden">End</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {current.map(silence => (
                <tr key={silence.id}>
                  <td>
                    <span class={`state ${silence.status.state === 'active' ? 'inactive' : 'pending'}`}>
                      {silence.status.state}
                    </span>
                  </td>
                  <td>
                    <code>
                      {silence.matchers
                        .map(each => `${each.name}${operatorOf(each)}${JSON.stringify(each.value)}`)
                        .join(', ')}
                    </code>
                  </td>
                  <td>{formatMoment(Date.parse(silence.endsAt))}</td>
                  <td>{silence.comment}</td>
                  <td>{silence.createdBy}</td>
                  <td>
                    <button
                      type="button"
                      class="button small"
                      disabled={!may('rules')}
                      title={whyNot('rules')}
                      onClick={() => void expire(silence)}
                    >
                      Expire
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {adding && (
        <SilenceDialog
          labels={{ alertname: '' }}
          onClose={() => setAdding(false)}
          onDone={() => {
            setAdding(false)
            found.reload()
          }}
        />
      )}
    </>
  )
}
