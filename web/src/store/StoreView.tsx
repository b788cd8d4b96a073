// What is stored, how much comes in, what the labels cost, and the settings in force.

import { useState } from 'preact/hooks'
import { TopBar } from '../app/TopBar'
import { Choices } from '../explore/ResultTools'
import { type RangeText, resolveRange } from '../time/range'
import { TimePicker } from '../time/TimePicker'
import { Agents } from './Agents'
import { Cardinality } from './Cardinality'
import { Ingestion } from './Ingestion'
import { Retention } from './Retention'
import { SettingsText } from './SettingsText'

type Section = 'ingestion' | 'cardinality' | 'retention' | 'agents' | 'settings'

const SECTIONS: readonly { value: Section; name: string }[] = [
  { value: 'ingestion', name: 'Ingestion' },
  { value: 'cardinality', name: 'Labels and streams' },
  { value: 'retention', name: 'Retention and tiers' },
  { value: 'agents', name: 'Agents' },
  { value: 'settings', name: 'Settings' },
]

export function StoreView() {
  const [section, setSection] = useState<Section>('ingestion')
  const [text, setText] = useState<RangeText>({ from: 'now-6h', to: 'now' })
  const [range, setRange] = useState(() => resolveRange(text))
  const choose = (chosen: RangeText) => {
    setText(chosen)
    setRange(resolveRange(chosen))
  }
  return (
    <>
      <TopBar title="Store">
        <Choices label="Section" value={section} choices={SECTIONS} onChoose={setSection} />
        <TimePicker range={text} onRange={choose} refresh="" onRefreshEvery={() => {}} onRefresh={() => choose(text)} />
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
