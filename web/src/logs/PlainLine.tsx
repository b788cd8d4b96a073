// A line outside of a list: nothing opens, nothing is marked.

import type { Dated } from '../time/format'
import type { Entry } from './entry'
import { LogRow } from './LogRow'

const NO_COLUMNS: string[] = []
const ignore = () => {}

export function PlainLine({ entry, dated }: { entry: Entry; dated?: Dated }) {
  return (
    <LogRow
      entry={entry}
      index={0}
      form="readable"
      columns={NO_COLUMNS}
      marker={null}
      dated={dated}
      isOpen={false}
      isCurrent={false}
      onToggle={ignore}
    />
  )
}
