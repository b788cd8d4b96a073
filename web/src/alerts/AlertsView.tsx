// Rules with their states; a rule opens to its alerts and its query over time with the threshold. What alerts did, and silences.

import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { alertmanagers } from '../api/alerting'
import { type Rule, type RuleGroup, ruleStates } from '../api/prometheus'
import { go, place } from '../app/router'
import { TopBar } from '../app/TopBar'
import { useSubject } from '../app/title'
import type { Labels } from '../logs/entry'
import { Choices } from '../parts/Choices'
import { Empty, Failure } from '../parts/Empty'
import { Icon } from '../parts/Icon'
import { LIVE, useLoaded } from '../parts/useLoaded'
import { type RangeText, resolveRange } from '../time/range'
import { TimePicker } from '../time/TimePicker'
import { History } from './History'
import { RuleDetails } from './RuleDetails'
import { SilenceDialog } from './SilenceDialog'
import { Silences } from './Silences'

type Section = 'rules' | 'history' | 'silences'
type Shown = 'all' | 'firing' | 'pending' | 'failing'

const STATES: readonly { value: Shown; name: string }[] = [
  { value: 'all', name: 'All' },
  { value: 'firing', name: 'Firing' },
  { value: 'pending', name: 'Pending' },
  { value: 'failing', name: 'Failing' },
]

const SECTIONS: readonly { value: Section; name: string }[] = [
  { value: 'rules', name: 'Rules' },
  { value: 'history', name: 'History' },
  { value: 'silences', name: 'Silences' },
]

export function AlertsView() {
  const { parameters } = place.value
  const receivers = useLoaded(alertmanagers, [])
  const canSilence = (receivers.value?.length ?? 0) > 0
  const sections = SECTIONS.filter(each => each.value !== 'silences' || canSilence)
  const section = sections.find(each => each.value === parameters.get('show'))?.value ?? 'rules'
  useSubject(section === 'rules' ? '' : SECTIONS.find(each => each.value === section)!.name)
  const change = (changed: Record<string, string>) =>
    go('alerts', { ...Object.fromEntries(place.value.parameters), ...changed })
  const choices = (
    <Choices label="Section" value={section} choices={sections} onChoose={chosen => change({ show: chosen })} />
  )
  switch (section) {
    case 'history':
      return <HistorySection choices={choices} onChange={change} />
    case 'silences':
      return (
        <>
          <TopBar title="Alerts">{choices}</TopBar>
          <main id="main" class="padded alerts">
            <Silences />
          </main>
        </>
      )
    default:
      return <RulesSection choices={choices} canSilence={canSilence} />
  }
}

interface HistoryProperties {
  choices: ComponentChildren
  onChange: (changed: Record<string, string>) => void
}

function HistorySection({ choices, onChange }: HistoryProperties) {
  const { parameters } = place.value
  const text: RangeText = { from: parameters.get('from') ?? 'now-24h', to: parameters.get('to') ?? 'now' }
  const [round, setRound] = useState(0)
  const key = `${text.from} ${text.to} ${round}`
  const [resolved, setResolved] = useState({ key: '', range: resolveRange(text) })
  if (resolved.key !== key) setResolved({ key, range: resolveRange(text) })
  return (
    <>
      <TopBar title="Alerts">
        {choices}
        <TimePicker
          range={text}
          onRange={({ from, to }) => onChange({ from, to })}
          refresh={parameters.get('refresh') ?? ''}
          onRefreshEvery={refresh => onChange({ refresh })}
          onRefresh={() => setRound(round + 1)}
        />
      </TopBar>
      <main id="main" class="padded alerts">
        <History range={resolved.range} />
      </main>
    </>
  )
}

function RulesSection({ choices, canSilence }: { choices: ComponentChildren; canSilence: boolean }) {
  const [shown, setShown] = useState<Shown>('all')
  const [silencing, setSilencing] = useState<Labels | null>(null)
  const states = useLoaded(ruleStates, [], LIVE)
  const groups = states.value?.groups
  const rules = groups?.flatMap(group => group.rules) ?? []
  const problems = states.value?.problems ?? []
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set())
  // What is open stays when its state becomes another while somebody reads it.
  const keep = (key: string, rule: Rule) => opened.has(key) || matches(rule, shown)
  const none = !!groups?.length && !groups.some(group => keptRules(group, keep).length)
  const show = (chosen: Shown) => {
    setShown(chosen)
    setOpened(new Set())
  }
  const toggle = (key: string) => setOpened(opened.has(key) ? without(opened, key) : new Set(opened).add(key))
  return (
    <>
      <TopBar title="Alerts">
        {choices}
        <Choices label="State" value={shown} choices={STATES} onChoose={show} />
        <button type="button" class="button icon-only" title="Refresh" aria-label="Refresh" onClick={states.reload}>
          <Icon name="refresh" />
        </button>
      </TopBar>
      <main id="main" class="padded alerts">
        {states.error && <Failure message={states.error.message} />}
        {problems.length > 0 && <Problems problems={problems} />}
        {states.value === null && <Empty title="This server evaluates no rules" />}
        {groups?.length === 0 && problems.length === 0 && (
          <Empty title="There are no rules">
            <p>
              Rule groups in Prometheus’ form are sent to <code>/loki/api/v1/rules</code>; their states show here.
            </p>
          </Empty>
        )}
        {none && <Empty title={`No rule is ${shown}`} />}
        {groups?.map(group => (
          <Group
            key={`${group.file}${group.name}`}
            group={group}
            keep={keep}
            opened={opened}
            onToggle={toggle}
            rules={rules}
            onSilence={canSilence ? setSilencing : undefined}
          />
        ))}
      </main>
      {silencing && (
        <SilenceDialog labels={silencing} onClose={() => setSilencing(null)} onDone={() => setSilencing(null)} />
      )}
    </>
  )
}

function Problems({ problems }: { problems: readonly string[] }) {
  return (
    <section class="warning rule-problems" aria-labelledby="rule-problems">
      <h2 id="rule-problems">Rule files that can’t be used</h2>
      <ul>
        {problems.map(problem => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
      <p class="hint">What such a file said before its mistake stays in force. It is read again when it changes.</p>
    </section>
  )
}

function matches(rule: Rule, shown: Shown): boolean {
  return shown === 'all' || (shown === 'failing' ? rule.health === 'err' : rule.state === shown)
}

function without(keys: ReadonlySet<string>, key: string): ReadonlySet<string> {
  return new Set([...keys].filter(each => each !== key))
}

type Keep = (key: string, rule: Rule) => boolean

function keptRules(group: RuleGroup, keep: Keep): { rule: Rule; key: string }[] {
  return group.rules
    .map((rule, at) => ({ rule, key: `${group.file} ${group.name} ${at} ${rule.name}` }))
    .filter(({ rule, key }) => keep(key, rule))
}

interface GroupProperties {
  group: RuleGroup
  keep: Keep
  opened: ReadonlySet<string>
  rules: readonly Rule[]
  onToggle: (key: string) => void
  onSilence?: (labels: Labels) => void
}

function Group({ group, keep, opened, rules, onToggle, onSilence }: GroupProperties) {
  const kept = keptRules(group, keep)
  if (!kept.length) return null
  return (
    <section class="rule-group">
      <h2>
        {group.file} <span class="crumb">/</span> {group.name}
      </h2>
      <ul>
        {kept.map(({ rule, key }) => (
          <RuleItem
            key={key}
            rule={rule}
            rules={rules}
            open={opened.has(key)}
            onToggle={() => onToggle(key)}
            onSilence={onSilence}
          />
        ))}
      </ul>
    </section>
  )
}

interface RuleProperties {
  rule: Rule
  rules: readonly Rule[]
  open: boolean
  onToggle: () => void
  onSilence?: (labels: Labels) => void
}

function RuleItem({ rule, rules, open, onToggle, onSilence }: RuleProperties) {
  const state = rule.health === 'err' ? 'failing' : rule.type === 'recording' ? 'recording' : (rule.state ?? 'inactive')
  const firing = rule.alerts?.filter(alert => alert.state === 'firing').length ?? 0
  return (
    <li class="rule">
      <button type="button" class="rule-head" aria-expanded={open} onClick={onToggle}>
        <span class={`state ${state}`}>{state}</span>
        <strong>{rule.name}</strong>
        {firing > 0 && <span class="hint">{firing} firing</span>}
        <code>{rule.query}</code>
      </button>
      {open && <RuleDetails rule={rule} rules={rules} onSilence={onSilence} />}
    </li>
  )
}
