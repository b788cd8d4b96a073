// The query editor: CodeMirror with the language's colours, completion, and errors at their column.

import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  startCompletion,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { type Diagnostic, setDiagnostics } from '@codemirror/lint'
import { EditorState, Prec } from '@codemirror/state'
import { EditorView, keymap, placeholder, tooltips } from '@codemirror/view'
import { effect, type Signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { ApiError } from '../api/http'
import type { Range } from '../time/range'
import { completionFor } from './completion'
import { highlighting } from './highlight'

interface Properties {
  /** what is written; changes from elsewhere show at once */
  value: Signal<string>
  label: string
  rangeOf: () => Range
  error?: ApiError | null
  /** the query that the error is about: what is written may be another meanwhile */
  refused?: string
  onRun: () => void
}

const NONCE = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? ''

export function QueryEditor(properties: Properties) {
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const latest = useRef(properties)
  latest.current = properties

  useEffect(() => {
    const editor = new EditorView({ parent: place.current!, state: stateOf(latest) })
    view.current = editor
    const stop = effect(() => {
      const written = properties.value.value
      if (editor.state.doc.toString() !== written) {
        editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: written } })
      }
    })
    return () => {
      stop()
      editor.destroy()
    }
  }, [properties.value])

  useEffect(() => {
    const editor = view.current
    const { error, refused } = latest.current
    if (editor)
      editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor.state.doc.toString(), error, refused)))
  }, [properties.error])

  return <div class="query-editor" ref={place} />
}

function stateOf(latest: { current: Properties }): EditorState {
  const run = () => {
    latest.current.onRun()
    return true
  }
  return EditorState.create({
    doc: latest.current.value.peek(),
    extensions: [
      EditorView.cspNonce.of(NONCE),
      history(),
      closeBrackets(),
      highlighting,
      EditorView.lineWrapping,
      placeholder('{service_name="…"}  — type { to begin, or pick labels below'),
      autocompletion({
        override: [completionFor(() => latest.current.rangeOf())],
        icons: false,
        activateOnTypingDelay: 80,
        interactionDelay: 0,
      }),
      tooltips({ position: 'fixed' }),
      EditorView.contentAttributes.of({
        'aria-label': latest.current.label,
        spellcheck: 'false',
        autocorrect: 'off',
        autocapitalize: 'off',
      }),
      Prec.high(
        keymap.of([
          { key: 'Tab', run: acceptCompletion },
          { key: 'Mod-Enter', run },
          {
            key: 'Shift-Enter',
            run: editor => {
              editor.dispatch(editor.state.replaceSelection('\n'))
              return true
            },
          },
          {
            key: 'Escape',
            run: editor => {
              editor.contentDOM.blur()
              return true
            },
          },
        ]),
      ),
      keymap.of([...closeBracketsKeymap, ...completionKeymap]),
      // Behind completion's keys, so that Enter accepts what is chosen before it runs the query.
      keymap.of([{ key: 'Enter', run }]),
      keymap.of([...defaultKeymap, ...historyKeymap]),
      EditorView.updateListener.of(update => {
        if (!update.docChanged) return
        latest.current.value.value = update.state.doc.toString()
        const typed = update.transactions.some(transaction => transaction.isUserEvent('input.complete'))
        if (typed && /[=~]$/.test(update.state.doc.sliceString(0, update.state.selection.main.head)))
          startCompletion(update.view)
      }),
    ],
  })
}

function diagnosticsOf(written: string, error: ApiError | null = null, refused = ''): Diagnostic[] {
  const place = error?.place
  const lines = refused.split('\n')
  if (!error || !place?.column || place.line > lines.length || written.trim() !== refused) return []
  const line = Math.max(1, place.line) - 1
  const before = lines.slice(0, line).reduce((length, each) => length + each.length + 1, 0)
  const start = written.length - written.trimStart().length + before
  const from = start + Math.min(place.column - 1, lines[line]!.length)
  const to = Math.min(from + Math.max(1, place.length), written.length)
  const message = place.hint ? `${error.message}\n${place.hint}` : error.message
  return [{ from: from === to && from > 0 ? from - 1 : from, to, severity: 'error', message }]
}
