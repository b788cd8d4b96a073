"""Parsers over the lines of a frame, by kernels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.frame import Frame, Rows
from sigyn.engine.kernels.json import extract_json
from sigyn.engine.kernels.logfmt import extract_logfmt
from sigyn.engine.kernels.pattern import extract_pattern
from sigyn.engine.kernels.slices import joined, room, slice_column, string_buffers
from sigyn.engine.sql.steps import Parse
from sigyn.languages.logql.pattern import Capture


def parse_lines(step: Parse, frame: Frame) -> None:
    """Add the columns of a parser to a frame: its labels, and which lines are hard or failed."""
    (name,) = step.line.columns
    hard, failed, values = [], [], []
    for lines, rows in frame.chunks(name):
        outcome = _PARSERS[step.kind](step, lines, rows)
        hard.append(pa.array(outcome.hard))
        failed.append(pa.array(outcome.failed))
        values.append(outcome.values)
    frame.add(step.hard, pa.chunked_array(hard, pa.bool_()))
    frame.add(step.failed, pa.chunked_array(failed, pa.bool_()))
    for index, column in enumerate(step.wanted.values()):
        frame.add(column, pa.chunked_array([chunk[index] for chunk in values], pa.string()))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a kernel made of some lines; `values` are string arrays in the order of `Parse.wanted`."""

    hard: npt.NDArray[np.bool_]
    failed: npt.NDArray[np.bool_]
    values: list[pa.Array]


def _json(step: Parse, lines: pa.Array, rows: Rows) -> _Outcome:
    data, offsets = string_buffers(lines)
    names, ends = joined(label.encode() for label in step.wanted)
    starts, lengths, hard = room(len(ends), len(rows))
    failed = np.zeros(len(rows), np.bool_)
    extract_json(data, offsets, rows, names, ends, starts, lengths, hard, failed)
    return _Outcome(hard, failed, _slices(data, starts, lengths))


def _logfmt(step: Parse, lines: pa.Array, rows: Rows) -> _Outcome:
    data, offsets = string_buffers(lines)
    names, ends = joined(label.encode() for label in step.wanted)
    starts, lengths, hard = room(len(ends), len(rows))
    extract_logfmt(data, offsets, rows, names, ends, step.keep_empty, starts, lengths, hard)
    return _Outcome(hard, np.zeros(len(rows), np.bool_), _slices(data, starts, lengths))


def _pattern(step: Parse, lines: pa.Array, rows: Rows) -> _Outcome:
    data, offsets = string_buffers(lines)
    pieces = step.pieces
    literals, ends = joined(piece.encode() if isinstance(piece, str) else b"" for piece in pieces)
    captures = np.array([isinstance(piece, Capture) for piece in pieces], np.bool_)
    starts, lengths, hard = room(int(captures.sum()), len(rows))
    extract_pattern(data, offsets, rows, literals, ends, captures, starts, lengths)
    names = [piece.name for piece in pieces if isinstance(piece, Capture)]
    kept = [index for index, label in enumerate(names) if label is not None]
    return _Outcome(hard, np.zeros(len(rows), np.bool_), _slices(data, starts[kept], lengths[kept]))


_PARSERS = {"json": _json, "logfmt": _logfmt, "pattern": _pattern}


def _slices(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32]
) -> list[pa.Array]:
    return [slice_column(data, begin, length) for begin, length in zip(starts, lengths, strict=True)]


_KERNELS = {"json": extract_json, "logfmt": extract_logfmt, "pattern": extract_pattern}


def is_ready(kind: str) -> bool:
    """Whether a parser's kernel has been compiled, so that it can be used at once."""
    return bool(_KERNELS[kind].signatures)
