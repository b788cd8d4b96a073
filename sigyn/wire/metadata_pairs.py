"""Pairs put into the structured metadata of many entries at once, without a look at each in Python.

Metadata are canonical JSON (`metadata.metadata_text`): names are of letters, digits and `_`, sorted,
values are texts. A quote inside of a value has a backslash before it, so that `{"` or `,"` with a
letter, digit or `_` behind it is always where a name begins.
"""

import re
import string

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_TEXT = r'"(?:[^"\\]|\\.)*"'
_NAME_CHARACTERS = string.digits + string.ascii_uppercase + "_" + string.ascii_lowercase
"""In the order of their bytes."""

CLASH_SUFFIX = "_extracted"
"""What Loki puts behind the name of structured metadata that a label has already."""


def with_labels(metadata: pa.Array, name: str, values: pa.Array) -> pa.Array:
    """`metadata` with a label's value put to each entry that has one.

    Where metadata have the name already, theirs is put under the name with `_extracted` behind it,
    unless they have that too: so the entry reads as if the label were of its stream. `values` are
    JSON texts with their quotes, null where an entry has none; both are one chunk.
    """
    clashing = pc.and_(pc.fill_null(pc.match_substring_regex(metadata, f'[{{,]"{name}":'), False), values.is_valid())
    if pc.any(clashing).as_py():
        found = pc.struct_field(pc.extract_regex(metadata, f'[{{,]"{name}":(?P<value>{_TEXT})'), "value")
        without = pc.replace_substring_regex(metadata, f'^\\{{"{name}":{_TEXT},?', "{", max_replacements=1)
        without = pc.replace_substring_regex(without, f',"{name}":{_TEXT}', "", max_replacements=1)
        renamed = name + CLASH_SUFFIX
        taken = pc.fill_null(pc.match_substring_regex(metadata, f'[{{,]"{renamed}":'), False)
        moved = pc.if_else(pc.and_(clashing, pc.invert(taken)), found, pa.scalar(None, pa.string()))
        metadata = _inserted(pc.if_else(clashing, without, metadata), renamed, moved)
    return _inserted(metadata, name, values)


def _inserted(metadata: pa.Array, name: str, values: pa.Array) -> pa.Array:
    """Each pair at its place among names that are all others."""
    wanted = values.is_valid().to_numpy(zero_copy_only=False)
    if not wanted.any():
        return metadata
    texts = pc.fill_null(metadata, "{}")
    begins, heads, tails = _split(texts, pc.find_substring_regex(texts, f'[{{,]"{_not_before(name)}'))
    pairs = pc.binary_join_element_wise(f'"{name}":', values, "")
    empty = pc.equal(texts, "{}")
    middle = pc.if_else(
        empty,
        pairs,
        pc.if_else(
            pa.array(begins), pc.binary_join_element_wise(pairs, ",", ""), pc.binary_join_element_wise(",", pairs, "")
        ),
    )
    return pc.if_else(pa.array(wanted), pc.binary_join_element_wise(heads, middle, tails, ""), metadata)


def _split(texts: pa.Array, places: pa.Array) -> tuple[npt.NDArray[np.bool_], pa.Array, pa.Array]:
    """Whether the pair goes to the beginning of each text, and the text before and behind it.

    A place is where the brace or comma stands behind which the next name begins; -1: no name follows.
    """
    _, offsets, data = texts.buffers()
    edges = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    found = places.to_numpy(zero_copy_only=False)
    begins = found == 0
    cuts = edges[:-1] + np.where(begins, 1, found)
    cuts = np.where(found < 0, edges[1:] - 1, cuts)
    halves = np.empty(2 * len(texts) + 1, np.int32)
    halves[0::2], halves[1::2] = edges, cuts
    both = pa.StringArray.from_buffers(2 * len(texts), pa.py_buffer(halves), data)
    places_of_heads = pa.array(np.arange(0, 2 * len(texts), 2))
    return begins, both.take(places_of_heads), both.take(pc.add(places_of_heads, 1))


def _not_before(name: str) -> str:
    """An expression for the beginning of every name that does not sort before `name`."""
    ways = [re.escape(name)]
    for position, character in enumerate(name):
        larger = _NAME_CHARACTERS[_NAME_CHARACTERS.index(character) + 1 :]
        if larger:
            ways.append(f"{re.escape(name[:position])}[{larger}]")
    return f"(?:{'|'.join(ways)})"
