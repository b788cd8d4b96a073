// Completion in the editor: what could stand here, with labels, values and fields that are really there.

import {
  type Completion,
  type CompletionContext,
  type CompletionResult,
  type CompletionSource,
  pickedCompletion,
} from '@codemirror/autocomplete'
import { ask, isAbort } from '../api/http'
import { detectedFields, labelNames, labelValues, spanOf } from '../api/loki'
import { wantedAt } from '../logql/complete'
import { quote } from '../logql/quote'
import { logQueryOf, selectorOf } from '../logql/structure'
import type { Word } from '../logql/words'
import type { Range } from '../time/range'

export function completionFor(rangeOf: () => Range): CompletionSource {
  return async context => {
    const query = context.state.doc.toString()
    const wanted = wantedAt(query, context.pos)
    if (!wanted) return null
    try {
      switch (wanted.kind) {
        case 'label names':
          return result(wanted.from, named(await labelNames(rangeOf(), '', aborted(context)), 'label', '='))
        case 'label values': {
          const values = await labelValues(wanted.name, rangeOf(), '', aborted(context))
          return result(wanted.from, valueOptions(values, wanted.quoted), wanted.quoted ? /^[^"`]*$/ : /^"?[^"]*$/)
        }
        case 'field values': {
          const values = await fieldValues(wanted.name, rangeOf(), query.slice(0, context.pos), aborted(context))
          return result(wanted.from, valueOptions(values, wanted.quoted), wanted.quoted ? /^[^"`]*$/ : /^"?[^"]*$/)
        }
        case 'fields':
          return result(wanted.from, [...(await fieldOptions(context, rangeOf())), ...wordOptions(wanted.words)])
        case 'words':
          return result(wanted.from, wordOptions(wanted.words), /^\S*$/)
        case 'durations':
          return result(
            wanted.from,
            ['1m', '5m', '15m', '1h', '6h', '1d'].map(label => ({ label, type: 'number', apply: `${label}]` })),
          )
      }
    } catch (error) {
      if (isAbort(error)) return null
      return null
    }
  }
}

function result(from: number, options: Completion[], validFor = /^\w*$/): CompletionResult {
  return { from, options, validFor }
}

function named(names: readonly string[], type: string, suffix: string): Completion[] {
  return names.map(label => ({ label, type, apply: label + suffix }))
}

function wordOptions(words: readonly Word[]): Completion[] {
  return words.map(({ name, help }) => ({ label: name, detail: help, type: 'keyword' }))
}

function valueOptions(values: readonly string[], quoted: boolean): Completion[] {
  return values.slice(0, 500).map(label => ({ label, type: 'value', apply: applyValue(label, quoted) }))
}

/** Writes the value with its quotes; those that the editor closed already are not written twice. */
function applyValue(value: string, quoted: boolean): Completion['apply'] {
  return (view, completion, from, to) => {
    const insert = quoted ? quote(value).slice(1) : quote(value)
    const end = quoted && view.state.sliceDoc(to, to + 1) === '"' ? to + 1 : to
    view.dispatch({
      changes: { from, to: end, insert },
      selection: { anchor: from + insert.length },
      userEvent: 'input.complete',
      annotations: pickedCompletion.of(completion),
    })
  }
}

async function fieldOptions(context: CompletionContext, range: Range): Promise<Completion[]> {
  const query = logQueryOf(context.state.doc.toString().slice(0, context.pos))
  const [fields, labels] = await Promise.all([
    detectedFields(range, selectorOf(query), aborted(context)),
    labelNames(range, '', aborted(context)),
  ])
  return [
    ...fields.map(field => ({ label: field.label, detail: field.type, type: 'field' })),
    ...labels.map(label => ({ label, detail: 'label', type: 'label' })),
  ]
}

async function fieldValues(name: string, range: Range, query: string, signal: AbortSignal): Promise<string[]> {
  const parameters = { ...spanOf(range), query: selectorOf(query), limit: 100 }
  const answer = await ask(`loki/api/v1/detected_field/${encodeURIComponent(name)}/values`, { parameters, signal })
  return ((await answer.json()) as { values?: string[] }).values ?? []
}

function aborted(context: CompletionContext): AbortSignal {
  const controller = new AbortController()
  context.addEventListener('abort', () => controller.abort(), { onDocChange: true })
  return controller.signal
}
