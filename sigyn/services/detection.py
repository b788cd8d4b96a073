"""Levels of many entries at once: `discovery.detect_level` over columns."""

import re
from collections.abc import Sequence
from types import ModuleType

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.compiled.at_need import Loops
from sigyn.model.labels import Labels
from sigyn.services.discovery import (
    DETECTED_LEVEL,
    LEVELS,
    SEVERITY_NUMBER,
    SPELLINGS,
    LevelRules,
    level_from_fields,
    level_from_line,
    level_from_metadata,
)

_COMPILED_FROM_BYTES = 64 << 10
_UNDECIDED = -1
_METADATA = msgspec.json.Decoder(dict[str, str])


def _exercise(module: ModuleType) -> None:
    rules = LevelRules()
    module.level_codes(*_buffers(pa.array(["level=info"])), np.ones(1, np.bool_), rules.fields, rules.json_depth)


LEVEL_LOOPS = Loops("sigyn.services.level_loops", _exercise)


def detect_levels(
    streams: Sequence[Labels], ordinals: npt.NDArray[np.int32], lines: pa.Array, metadata: pa.Array, rules: LevelRules
) -> pa.Array:
    """The level of every entry: what `detect_level` gives for each, as a column of strings.

    `ordinals` says which of `streams` each entry is of; `lines` and `metadata` are one chunk each.
    """
    levels = list(LEVELS)
    numbers = {level: number for number, level in enumerate(levels)}

    def number_of(level: str) -> int:
        if level not in numbers:
            numbers[level] = len(levels)
            levels.append(level)
        return numbers[level]

    of_stream = [level_from_fields(dict(labels), rules) for labels in streams]
    by_stream = np.array([number_of(level) if level else _UNDECIDED for level in of_stream], np.int32)
    codes = by_stream[ordinals] if len(streams) else np.empty(0, np.int32)
    for row, values in _telling_metadata(metadata, rules):
        if sent := values.get(DETECTED_LEVEL):
            codes[row] = number_of(SPELLINGS.get(sent.lower(), sent))
        elif codes[row] == _UNDECIDED and (level := level_from_metadata(values, rules)):
            codes[row] = number_of(level)
    undecided = codes == _UNDECIDED
    if undecided.any():
        codes[undecided] = _line_codes(lines, undecided, rules)[undecided]
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(levels, pa.string())).cast(pa.string())


def without_detected_level(metadata: pa.Array) -> pa.Array:
    """`metadata` without the level that a client sent, which has a column of its own."""
    sent = pc.fill_null(pc.match_substring(metadata, f'"{DETECTED_LEVEL}":'), False)
    if not pc.any(sent).as_py():
        return metadata
    texts = metadata.to_pylist()
    for row in np.flatnonzero(sent.to_numpy(zero_copy_only=False)):
        values = _METADATA.decode(texts[row])
        values.pop(DETECTED_LEVEL, None)
        texts[row] = msgspec.json.encode(values).decode() if values else None
    return pa.array(texts, pa.string())


def _telling_metadata(metadata: pa.Array, rules: LevelRules) -> list[tuple[int, dict[str, str]]]:
    """Row and values of the structured metadata that may say a level."""
    if metadata.null_count == len(metadata):
        return []
    names = {DETECTED_LEVEL, SEVERITY_NUMBER, *(field.replace(".", "_") for field in rules.fields)}
    either = "|".join(re.escape(name) for name in sorted(names))
    telling = pc.fill_null(pc.match_substring_regex(metadata, f'[{{,]"({either})":'), False)
    rows = np.flatnonzero(telling.to_numpy(zero_copy_only=False))
    return list(zip(rows.tolist(), map(_METADATA.decode, metadata.take(pa.array(rows)).to_pylist()), strict=True))


def _line_codes(lines: pa.Array, wanted: npt.NDArray[np.bool_], rules: LevelRules) -> npt.NDArray[np.integer]:
    text, offsets = _buffers(lines)
    large = int(offsets[-1]) - int(offsets[0]) >= _COMPILED_FROM_BYTES
    if large and (loops := LEVEL_LOOPS.ready()):
        codes: npt.NDArray[np.int8] = loops.level_codes(text, offsets, wanted, rules.fields, rules.json_depth)
        return codes
    in_python = np.zeros(len(lines), np.int8)
    rows = np.flatnonzero(wanted)
    for row, line in zip(rows.tolist(), lines.take(pa.array(rows)).to_pylist(), strict=True):
        in_python[row] = LEVELS.index(level_from_line(line, rules))
    return in_python


def _buffers(lines: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Text and offsets of a string array, as views."""
    _, offsets, text = lines.buffers()
    first, last = lines.offset, lines.offset + len(lines) + 1
    return (
        np.frombuffer(text if text is not None else b"", np.uint8),
        np.frombuffer(offsets, np.int32)[first:last],
    )
