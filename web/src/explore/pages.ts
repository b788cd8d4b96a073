// The lines that come after those that are loaded.

import { nanoseconds, type RangeQuery, runQuery } from '../api/loki'
import { type Entry, sameEntry } from '../logs/entry'

export const PAGE_LINES = 1000

export interface Page {
  fresh: Entry[]
  isLast: boolean
  /** the moment (ms) of which the server has more lines than it gives at once; the page goes on after it */
  cutAt: number | null
}

type Asked = Omit<RangeQuery, 'limit'>

/** The next page. Any number of lines may share a moment: that of the last one is asked for again, with room for a page beside it. */
export async function pageAfter(entries: readonly Entry[], asked: Asked): Promise<Page> {
  const last = entries.at(-1)!
  const { lines, isLowered } = await linesFrom(last.timestamp, entries, asked)
  const isMoment = (entry: Entry) => entry.timestamp === last.timestamp
  const known = entries.filter(isMoment)
  const fresh = lines.filter(entry => !isMoment(entry) || !known.some(each => sameEntry(each, entry)))
  if (fresh.length || lines.length < PAGE_LINES)
    return { fresh, isLast: !isLowered && lines.length < PAGE_LINES + known.length, cutAt: null }
  const beyond = await linesFrom(after(last.timestamp, asked), [], asked)
  return {
    fresh: beyond.lines,
    isLast: beyond.lines.length < PAGE_LINES,
    cutAt: isLowered && lines.every(isMoment) ? last.moment : null,
  }
}

/** Lines from a moment on, in the order that is asked for; of it there may be those that are known. */
async function linesFrom(
  moment: string,
  known: readonly Entry[],
  asked: Asked,
): Promise<{ lines: Entry[]; isLowered: boolean }> {
  const limit = PAGE_LINES + known.filter(entry => entry.timestamp === moment).length
  const { start, end } = asked.range
  const span =
    asked.direction === 'forward'
      ? { start: moment, end: nanoseconds(end) }
      : { start: nanoseconds(start), end: String(BigInt(moment) + 1n) }
  const { data, warnings } = await runQuery({ ...asked, limit }, span)
  const lines = data.kind === 'entries' ? data.entries : []
  return { lines, isLowered: warnings.length > 0 && lines.length < limit && lines.length >= PAGE_LINES }
}

function after(moment: string, { direction }: Asked): string {
  return String(BigInt(moment) + (direction === 'forward' ? 1n : -1n))
}
