// Rules with their states; a rule opens to its alerts, its query over time with the threshold, and when it fired.

import { useState } from 'preact/hooks'
import { type Rule, type RuleGroup, ruleGroups } from '../api/prometheus'
import { optional } from '../api/sigyn'
import { TopBar } from '../app/TopBar'
import { Choices } from '../explore/ResultTools'
import { Empty, Failure } from '../parts/Empty'
import { Icon } from '../parts/Icon'
import { useLoaded } from '../parts/useLoaded'
import { RuleDetails } from './RuleDetails'

type Shown = 'all' | 'firing' | 'pending' | 'failing'

const STATES: readonly { value: Shown; name: string }[] = [
  { value: 'all', name: 'All' },
  { value: 'firing', name: 'Firing' },
  { value: 'pending', name: 'Pending' },
  { value: 'failing', name: 'Failing' },
]

export function AlertsView() {
  const [shown, setShown] = useState<Shown>('all')
  const groups = useLoaded(ruleGroups, [])
  const alertmanager = useLoaded(signal => optional<{ url?: string }>('sigyn/api/v1/alertmanager', signal), [])
  const matches = (rule: Rule) =>
    shown === 'all' || (shown === 'failing' ? rule.health === 'err' : rule.state === shown)
  return (
    <>
      <TopBar title="Alerts">
        <Choices label="State" value={shown} choices={STATES} onChoose={setShown} />
        <button type="button" class="button icon-only" title="Refresh" aria-label="Refresh" onClick={groups.reload}>
          <Icon name="refresh" />
        </button>
      </TopBar>
      <main id="main" class="padded alerts">
        {groups.error && <Failure message={groups.error.message} />}
        {groups.value === null && <Empty title="This server evaluates no rules" />}
        {groups.value?.length === 0 && (
          <Empty title="There are no rules">
            <p>
              Rule groups in Prometheus’ form are sent to <code>/loki/api/v1/rules</code>; their states show here.
            </p>
          </Empty>
        )}
        {groups.value?.map(group => (
          <Group
            key={`${group.file}${group.name}`}
            group={group}
            rules={group.rules.filter(matches)}
            silenceAt={alertmanager.value?.url}
          />
        ))}
      </main>
    </>
  )
}

function Group({ group, rules, silenceAt }: { group: RuleGroup; rules: Rule[]; silenceAt?: string }) {
  if (!rules.length) return null
  return (
    <section class="rule-group">
      <h2>
        {group.file} <span class="crumb">/</span> {group.name}
      </h2>
      <ul>
        {rules.map((rule, at) => (
          <RuleItem key={`${rule.name}${at}`} rule={rule} silenceAt={silenceAt} />
        ))}
      </ul>
    </section>
  )
}

function RuleItem({ rule, silenceAt }: { rule: Rule; silenceAt?: string }) {
  const [open, setOpen] = useState(false)
  const state = rule.health === 'err' ? 'failing' : rule.type === 'recording' ? 'recording' : (rule.state ?? 'inactive')
  const firing = rule.alerts?.filter(alert => alert.state === 'firing').length ?? 0
  return (
    <li class="rule">
      <button type="button" class="rule-head" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span class={`state ${state}`}>{state}</span>
        <strong>{rule.name}</strong>
        {firing > 0 && <span class="hint">{firing} firing</span>}
        <code>{rule.query}</code>
      </button>
      {open && <RuleDetails rule={rule} silenceAt={silenceAt} />}
    </li>
  )
}
