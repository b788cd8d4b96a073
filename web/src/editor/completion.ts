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
import { selectorBeside, wantedAt } from '../logql/complete'
import { quote } from '../logql/quote'
import { logQueryOf, selectorOf } from '../logql/structure'
import type { Word } from '../logql/words'
import type { Range } from '../time/range'

const DURATIONS = [
  ['1m', ''],
  ['5m', ''],
  ['15m', ''],
  ['1h', ''],
  ['6h', ''],
  ['1d', ''],
  ['$__auto', 'the step of the graph'],
] as const

const MOST_OFFERED = 500
const MOST_FIELD_VALUES = 1000
const LASTING = 10_000 // ms in which values are not asked for again while somebody writes

interface KnownValues {
  key: string
  until: number
  values: readonly string[]
}

export function completionFor(rangeOf: () => Range): CompletionSource {
  let known: KnownValues | null = null
  const valuesOf = async (key: string, load: () => Promise<string[]>): Promise<readonly string[]> => {
    if (known?.key === key && Date.now() < known.until) return known.values
    const values = await load()
    known = { key, until: Date.now() + LASTING, values }
    return values
  }
  return async context => {
    const query = context.state.doc.toString()
    const wanted = wantedAt(query, context.pos)
    if (!wanted) return null
    try {
      switch (wanted.kind) {
        case 'label names':
          return result(
            wanted.from,
            named(await labelNames(rangeOf(), selectorBeside(query, context.pos), aborted(context)), 'label', '='),
          )
        case 'label values': {
          const beside = selectorBeside(query, context.pos)
          const values = await valuesOf(`${wanted.name} ${beside}`, () =>
            labelValues(wanted.name, rangeOf(), beside, aborted(context)),
          )
          return valueResult(context, values, wanted)
        }
        case 'field values': {
          const selector = selectorOf(query.slice(0, context.pos))
          const values = await valuesOf(`${wanted.name} | ${selector}`, () =>
            fieldValues(wanted.name, rangeOf(), selector, aborted(context)),
          )
          return valueResult(context, values, wanted)
        }
        case 'fields':
          return result(wanted.from, [...(await fieldOptions(context, rangeOf())), ...wordOptions(wanted.words)])
        case 'words':
          return result(wanted.from, wordOptions(wanted.words), /^\S*$/)
        case 'durations':
          return result(
            wanted.from,
            DURATIONS.map(([label, detail], at) => ({
              label,
              detail,
              type: 'number',
              boost: -at, // else they would stand by the alphabet: 15m, 1d, 1h, 1m
              apply: applyDuration(label),
            })),
            /^[\w$]*$/,
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

/** Of very many values those that hold what is written: the editor would sift the first ones only. */
function valueResult(
  context: CompletionContext,
  values: readonly string[],
  { from, quoted }: { from: number; quoted: boolean },
): CompletionResult {
  if (values.length <= MOST_OFFERED)
    return result(from, valueOptions(values, quoted), quoted ? /^[^"`]*$/ : /^"?[^"]*$/)
  const written = context.state.sliceDoc(from, context.pos).replace(/^"/, '').toLowerCase()
  const fitting = values.filter(value => value.toLowerCase().includes(written))
  return { from, options: valueOptions(fitting.slice(0, MOST_OFFERED), quoted) }
}

function named(names: readonly string[], type: string, suffix: string): Completion[] {
  return names.map(label => ({ label, type, apply: label + suffix }))
}

function wordOptions(words: readonly Word[]): Completion[] {
  return words.map(({ name, help }) => ({ label: name, detail: help, type: 'keyword' }))
}

function valueOptions(values: readonly string[], quoted: boolean): Completion[] {
  return values.map(label => ({ label, type: 'value', apply: applyValue(label, quoted) }))
}

/** Writes the duration with the bracket behind it, where the editor has not closed it already. */
function applyDuration(duration: string): Completion['apply'] {
  return (view, completion, from, to) => {
    const end = view.state.sliceDoc(to, to + 1) === ']' ? to + 1 : to
    const insert = `${duration}]`
    view.dispatch({
      changes: { from, to: end, insert },
      selection: { anchor: from + insert.length },
      userEvent: 'input.complete',
      annotations: pickedCompletion.of(completion),
    })
  }
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
  const whole = context.state.doc.toString()
  // `sum by (` stands before its selector.
  const selector = selectorOf(logQueryOf(whole.slice(0, context.pos)) || whole)
  const [fields, labels] = await Promise.all([
    detectedFields(range, selector, aborted(context)),
    labelNames(range, selector === '{}' ? '' : selector, aborted(context)),
  ])
  return [
    ...fields.map(field => ({ label: field.label, detail: field.type, type: 'field' })),
    ...labels.map(label => ({ label, detail: 'label', type: 'label' })),
  ]
}

async function fieldValues(name: string, range: Range, selector: string, signal: AbortSignal): Promise<string[]> {
  const parameters = { ...spanOf(range), query: selector, limit: MOST_FIELD_VALUES }
  const answer = await ask(`loki/api/v1/detected_field/${encodeURIComponent(name)}/values`, { parameters, signal })
  return ((await answer.json()) as { values?: string[] }).values ?? []
}

function aborted(context: CompletionContext): AbortSignal {
  const controller = new AbortController()
  context.addEventListener('abort', () => controller.abort(), { onDocChange: true })
  return controller.signal
}
