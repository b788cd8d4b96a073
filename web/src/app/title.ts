// The title of the window: what is looked at, in which view. Tabs and the browser's history are told apart by it.

import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

const LONGEST = 120 // characters; tabs show twenty, lists of the history some more

const subject = signal('')

/** Names what a view shows, such as a query, for as long as it shows it. */
export function useSubject(text: string): void {
  useEffect(() => {
    subject.value = text
    return () => {
      subject.value = ''
    }
  }, [text])
}

/** Writes the title, anew when the subject changes. */
export function useTitle(view: string): void {
  const title = titleOf(subject.value, view)
  useEffect(() => {
    document.title = title
  }, [title])
}

export function titleOf(text: string, view: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  const short = line.length > LONGEST ? `${line.slice(0, LONGEST - 1).trimEnd()}…` : line
  return [short, view, 'Sigyn'].filter(Boolean).join(' · ')
}
