// Colours of a query while it is written.

import { type Extension, RangeSetBuilder } from '@codemirror/state'
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view'
import { type TokenKind, tokenize } from '../logql/tokens'

const marks = new Map<TokenKind, Decoration>(
  (['comment', 'string', 'number', 'operator', 'punctuation', 'function', 'keyword', 'name'] as const).map(kind => [
    kind,
    Decoration.mark({ class: `token-${kind}` }),
  ]),
)

function decorations(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>()
  for (const { kind, from, to } of tokenize(view.state.doc.toString())) builder.add(from, to, marks.get(kind)!)
  return builder.finish()
}

export const highlighting: Extension = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet

    constructor(view: EditorView) {
      this.decorations = decorations(view)
    }

    update(update: ViewUpdate) {
      if (update.docChanged) this.decorations = decorations(update.view)
    }
  },
  { decorations: plugin => plugin.decorations },
)
