"""Values that lines write with escapes, as the parsers of JSON and logfmt give them."""

import pyarrow as pa

from sigyn.engine.interpreter.json_syntax import string_value
from sigyn.engine.interpreter.logfmt_syntax import unquoted
from sigyn.store.shapes.shape import Syntax
from sigyn.store.shapes.values import Texts


def undo_escapes(raw: Texts, syntax: Syntax) -> pa.StringArray:
    """What each text stands for, once for each that differs; null where the parser gives no label for it."""
    encoded = raw if isinstance(raw, pa.DictionaryArray) else raw.dictionary_encode()
    undo = string_value if syntax == "json" else _of_logfmt
    texts = [undo(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(encoded.indices)


def _of_logfmt(text: str) -> str | None:
    """Empty values are no labels, nor are those that break the rules."""
    value = unquoted(text)
    return value.replace("\ufffd", " ") if value else None
