"""Structured metadata as text: an object of JSON whose values all are texts, written without blanks."""

import json
import re

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

_decode_text = msgspec.json.Decoder(str).decode


def texts_under(name: str, metadata: pa.Array) -> pa.StringArray:
    """What each object has under a name, null where it has nothing.

    A quote behind `{` or `,` that the name and `":"` follow begins a key: within a text quotes are escaped, and behind
    one that ends a text there stands `,`, `:` or `}`.
    """
    key = re.escape(json.dumps(name, ensure_ascii=False))
    pattern = rf'(?s)[{{,]{key}:"(?P<text>(?:[^"\\]|\\.)*)"'
    (texts,) = pc.extract_regex(metadata.cast(pa.string()), pattern).flatten()
    escaped = pc.fill_null(pc.match_substring(texts, "\\"), False)
    if not pc.any(escaped).as_py():
        return texts
    undone = [_decode_text(f'"{text}"') for text in texts.filter(escaped).to_pylist()]
    return pc.replace_with_mask(texts, escaped, pa.array(undone, pa.string()))
