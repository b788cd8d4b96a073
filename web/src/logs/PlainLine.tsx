// A line outside of a list: nothing opens, nothing is marked.

import type { Entry } from './entry'
import { LogRow } from './LogRow'

const NO_COLUMNS: string[] = []
const ignore = () => {}

export function PlainLine({ entry }: { entry: Entry }) {
  return (
    <LogRow
      entry={entry}
      index={0}
      form="readable"
      columns={NO_COLUMNS}
      marker={null}
      isOpen={false}
      isCurrent={false}
      onToggle={ignore}
    />
  )
}
