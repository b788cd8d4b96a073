// What is stored, how much comes in, what the labels cost, and the settings in force.

import { go, place } from '../app/router'
import { TopBar } from '../app/TopBar'
import { useSubject } from '../app/title'
import { Choices } from '../parts/Choices'
import type { RangeText } from '../time/range'
import { TimePicker } from '../time/TimePicker'
import { useRange } from '../time/useRange'
import { Agents } from './Agents'
import { Cardinality } from './Cardinality'
import { Ingestion } from './Ingestion'
import { Retention } from './Retention'
import { SettingsText } from './SettingsText'

type Section = 'ingestion' | 'cardinality' | 'retention' | 'agents' | 'settings'

const SECTIONS: readonly { value: Section; name: string }[] = [
  { value: 'ingestion', name: 'Ingestion' },
  { value: 'cardinality', name: 'Labels and streams' },
  { value: 'retention', name: 'Retention and deletes' },
  { value: 'agents', name: 'Agents' },
  { value: 'settings', name: 'Settings' },
]

/** Those whose answers depend on the time that is chosen. */
const TIMED: readonly Section[] = ['ingestion', 'cardinality']

export function StoreView() {
  const { parameters } = place.value
  const section = SECTIONS.find(each => each.value === parameters.get('show'))?.value ?? 'ingestion'
  useSubject(section === 'ingestion' ? '' : SECTIONS.find(each => each.value === section)!.name)
  const text: RangeText = { from: parameters.get('from') ?? 'now-6h', to: parameters.get('to') ?? 'now' }
  const [range, refreshRange] = useRange(text)
  const change = (changed: Record<string, string>) => go('store', { ...Object.fromEntries(parameters), ...changed })
  return (
    <>
      <TopBar title="Store">
        <Choices label="Section" value={section} choices={SECTIONS} onChoose={chosen => change({ show: chosen })} />
        {TIMED.includes(section) && (
          <TimePicker
            range={text}
            onRange={({ from, to }) => change({ from, to })}
            refresh={parameters.get('refresh') ?? ''}
            onRefreshEvery={refresh => change({ refresh })}
            onRefresh={refreshRange}
          />
        )}
      </TopBar>
      <main id="main" class="padded store">
        {section === 'ingestion' && <Ingestion range={range} />}
        {section === 'cardinality' && <Cardinality range={range} />}
        {section === 'retention' && <Retention />}
        {section === 'agents' && <Agents />}
        {section === 'settings' && <SettingsText />}
      </main>
    </>
  )
}
