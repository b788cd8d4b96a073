"""Parsers over the lines of a frame, by kernels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.compiled import loops
from sigyn.engine.escapes import undo_escapes
from sigyn.engine.fields import FieldColumn, FoundField, Piece, StoredField
from sigyn.engine.frame import Frame, Rows, Selected, lines_of
from sigyn.engine.kernels.addresses import find_addresses
from sigyn.engine.kernels.json import SEPARATOR, extract_json, place_in_array
from sigyn.engine.kernels.logfmt import extract_logfmt
from sigyn.engine.kernels.pattern import LITERAL, UNNAMED, extract_pattern
from sigyn.engine.kernels.slices import joined, room
from sigyn.engine.kernels.unpack import extract_packed, undo_json_escapes
from sigyn.engine.sql.steps import MatchPattern, Parse
from sigyn.engine.stored_paths import has_whole, stored_values
from sigyn.languages.logql.ip_pattern import IpPattern
from sigyn.languages.logql.pattern import Capture, parse_line_pattern
from sigyn.store.portion import Portion
from sigyn.store.shapes.values import Flags, equal_texts, string_array, string_buffers, valid_rows


def parse_lines(step: Parse, frame: Frame) -> None:
    """Add the columns of a parser to a frame: its labels, and which lines are hard or failed."""
    (name,) = step.line.columns
    parts = [_part(step, part) for part in frame.selected()] if name == "line" else []
    parts = parts or [_parsed(step, lines.cast(pa.string()), rows) for lines, rows in frame.chunks(name)]
    frame.add(step.hard, np.concatenate([np.empty(0, np.bool_), *(part.hard for part in parts)]))
    frame.add(step.failed, np.concatenate([np.empty(0, np.bool_), *(part.failed for part in parts)]))
    for index, column in enumerate(step.wanted.values()):
        frame.add(column, FieldColumn([part.values[index] for part in parts]))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of some lines; `values` are in the order of `Parse.wanted`."""

    hard: npt.NDArray[np.bool_]
    failed: npt.NDArray[np.bool_]
    values: Sequence[Piece]


def _part(step: Parse, part: Selected) -> _Outcome:
    """The labels of a portion's lines: from its columns where it has them, else by parsing."""
    known = _known(step, part)
    blank = _blank(step, part) & ~known
    kinds: tuple[tuple[Flags, Callable[[Rows], _Outcome]], ...] = (
        (known, lambda rows: _stored(step, part.portion, rows)),
        (blank, lambda rows: _nothing(step, len(rows))),
        (~known & ~blank, lambda rows: _parsed(step, *lines_of(Selected(part.portion, rows, 0)))),
    )
    found = [(flags, work) for flags, work in kinds if flags.any()]
    if len(found) == 1:
        return found[0][1](part.rows)
    return _in_order([(np.flatnonzero(flags), work(part.rows[flags])) for flags, work in found])


def _in_order(outcomes: Sequence[tuple[Rows, _Outcome]]) -> _Outcome:
    """What became of lines that were taken in turns, each with their places."""
    places = np.concatenate([own for own, _ in outcomes])
    order = np.empty(len(places), np.int64)
    order[places] = np.arange(len(places))
    parts = [outcome for _, outcome in outcomes]
    return _Outcome(
        np.concatenate([part.hard for part in parts])[order],
        np.concatenate([part.failed for part in parts])[order],
        [
            pa.concat_arrays([_texts(piece).cast(pa.string()) for piece in pieces]).take(pa.array(order))
            for pieces in zip(*(part.values for part in parts), strict=True)
        ],
    )


def _blank(step: Parse, part: Selected) -> Flags:
    """In which of the selected lines the parser finds nothing, as their shapes tell."""
    blank = None
    if (step.kind == "json" or step.kind == "logfmt") and (step.paths or not step.keep_empty):
        blank = part.portion.blank(step.kind)
    return np.zeros(len(part.rows), np.bool_) if blank is None else blank[part.rows]


def _nothing(step: Parse, count: int) -> _Outcome:
    """The labels of lines in which there is nothing: for the parser of JSON these are no JSON."""
    is_json = step.kind == "json"
    text = "" if step.paths and not is_json else None
    values = [pa.repeat(pa.scalar(text, pa.string()), count) for _ in step.wanted]
    return _Outcome(np.zeros(count, np.bool_), np.full(count, is_json), values)


def _known(step: Parse, part: Selected) -> Flags:
    """Of which of the selected lines columns tell the labels."""
    known = None
    if (step.kind == "json" or step.kind == "logfmt") and (step.paths or not step.keep_empty):
        known = part.portion.shaped(step.kind)
    if known is None:
        return np.zeros(len(part.rows), np.bool_)
    known = np.ones(len(part.rows), np.bool_) if known.all() else known[part.rows]
    if step.kind == "json":
        whole = has_whole(part.portion, [step.paths[label] for label in step.wanted] if step.paths else [], part.rows)
        known = known if whole is None else known & ~whole
    return known


def _stored(step: Parse, portion: Portion, rows: Rows) -> _Outcome:
    """The labels of shaped lines; at paths of JSON one that wants escapes undone is hard."""
    hard, failed = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    if step.paths and step.kind == "json":
        found = [stored_values(portion, step.paths[label], rows) for label in step.wanted]
        hard = np.logical_or.reduce([hard, *(each.hard for each in found)])
        return _Outcome(hard, failed, [each.values for each in found])
    names = [str(step.paths[label][0]) for label in step.wanted] if step.paths else list(step.wanted)
    for name in names:
        replaced = portion.replaced(name)
        if replaced is not None:
            hard |= replaced[rows]
    instead = "" if step.paths else None
    return _Outcome(hard, failed, [_field(step, portion, name, rows, instead) for name in names])


def _field(step: Parse, portion: Portion, name: str, rows: Rows, instead: str | None) -> Piece:
    """A field of shaped lines, as the parser gives it."""
    field = StoredField(portion, name, rows, instead)
    raw = portion.raw_field(name, rows)
    if raw is None or raw.null_count == len(raw):
        return field
    plain = StoredField(portion, name, rows).texts().cast(pa.string())
    undone = undo_escapes(raw, "json" if step.kind == "json" else "logfmt")
    texts = pc.if_else(pa.array(valid_rows(raw)), undone, plain)
    return texts if instead is None else texts.fill_null(instead)


def _texts(piece: Piece) -> pa.Array:
    return piece.texts() if isinstance(piece, StoredField | FoundField) else piece


def _parsed(step: Parse, lines: pa.Array, rows: Rows) -> _Outcome:
    return _PARSERS[step.kind](step, lines, rows)


def _wanted(step: Parse) -> list[bytes]:
    """The names of labels, or the paths, as the kernels have them."""
    paths = [step.paths[label] for label in step.wanted] if step.paths else [(label,) for label in step.wanted]
    return [SEPARATOR.join(map(_step, path)) for path in paths]


def _step(step: str | int) -> bytes:
    return step.encode() if isinstance(step, str) else place_in_array(step)


def _json(step: Parse, lines: pa.Array, rows: Rows) -> _Outcome:
    data, offsets = string_buffers(lines)
    names, ends = joined(_wanted(step))
    starts, lengths, hard = room(len(ends), len(rows))
    failed = np.zeros(len(rows), np.bool_)
    extract_json(data, offsets, rows, names, ends, bool(step.paths), starts, lengths, hard, failed)
    return _Outcome(hard, failed, _found(data, starts, lengths))


def _logfmt(step: Parse, lines: pa.Array, rows: Rows) -> _Outcome:
    data, offsets = string_buffers(lines)
    names, ends = joined(_wanted(step))
    starts, lengths, hard = room(len(ends), len(rows))
    extract_logfmt(data, offsets, rows, names, ends, step.keep_empty, bool(step.paths), starts, lengths, hard)
    return _Outcome(hard, np.zeros(len(rows), np.bool_), _found(data, starts, lengths))


def _pattern(step: Parse, lines: pa.Array, rows: Rows) -> _Outcome:
    data, offsets = string_buffers(lines)
    pieces = step.pieces
    literals, ends = joined(piece.encode() if isinstance(piece, str) else b"" for piece in pieces)
    labels = list(step.wanted)
    slots = [_slot(piece, labels) for piece in pieces]
    starts, lengths, hard = room(len(labels), len(rows))
    extract_pattern(data, offsets, rows, literals, ends, np.array(slots, np.int64), starts, lengths)
    return _Outcome(hard, np.zeros(len(rows), np.bool_), _found(data, starts, lengths))


def _unpack(step: Parse, lines: pa.Array, rows: Rows) -> _Outcome:
    data, offsets = string_buffers(lines)
    names, ends = joined(_wanted(step))
    starts, lengths, hard = room(len(ends), len(rows))
    failed, escapes = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    extract_packed(data, offsets, rows, names, ends, starts, lengths, escapes, hard, failed)
    packed, *labels = _found(data, starts, lengths)
    return _Outcome(hard, failed, [_without_escapes(packed, escapes, hard) if escapes.any() else packed, *labels])


def _without_escapes(packed: FoundField, escapes: Flags, hard: Flags) -> pa.StringArray:
    there = packed.lengths >= 0
    offsets = np.empty(len(packed) + 1, np.int32)
    out = np.empty(int(packed.lengths[there].sum(dtype=np.int64)), np.uint8)
    undo_json_escapes(packed.data, packed.starts, packed.lengths, escapes, offsets, out, hard)
    return string_array(offsets, out[: offsets[-1]], there)


def covered_lines(step: MatchPattern, frame: Frame) -> Flags:
    """Which lines one of the patterns covers, as the interpreter's line filter has it."""
    (name,) = step.line.columns
    patterns = [parse_line_pattern(pattern).pieces for pattern in step.patterns]
    found = [np.zeros(0, np.bool_)]
    for lines, rows in frame.chunks(name):
        texts = lines.cast(pa.string())
        found.append(np.logical_or.reduce([_covered(pieces, texts, rows) for pieces in patterns]))
    return np.concatenate(found)


def _covered(pieces: tuple[str | Capture, ...], lines: pa.StringArray, rows: Rows) -> Flags:
    """Each capture has to cover something, and a literal at the end has to be the end of the line."""
    data, offsets = string_buffers(lines)
    begins, ends = offsets[rows], offsets[rows + 1]
    captures = [place for place, piece in enumerate(pieces) if isinstance(piece, Capture)]
    if not captures:
        text = "".join(piece for piece in pieces if isinstance(piece, str))
        return equal_texts(lines.take(pa.array(rows)), text)
    literals, literal_ends = joined(piece.encode() if isinstance(piece, str) else b"" for piece in pieces)
    slots = [captures.index(place) if place in captures else LITERAL for place in range(len(pieces))]
    starts, lengths, _ = room(len(captures), len(rows))
    extract_pattern(data, offsets, rows, literals, literal_ends, np.array(slots, np.int64), starts, lengths)
    covered = (lengths > 0).all(axis=0)
    last = pieces[-1]
    if isinstance(last, str):
        covered &= starts[-1] + lengths[-1] + len(last.encode()) == ends
    return np.asarray(covered & (ends > begins))


def addressed_lines(patterns: Sequence[IpPattern], name: str, frame: Frame) -> Flags:
    """Which texts of a column hold an address of IPv4 that one of the patterns is for."""
    firsts = np.array([int.from_bytes(pattern.first) for pattern in patterns], np.int64)
    lasts = np.array([int.from_bytes(pattern.last) for pattern in patterns], np.int64)
    found = [np.zeros(0, np.bool_)]
    for lines, rows in frame.chunks(name):
        data, offsets = string_buffers(lines.cast(pa.string()))
        own = np.zeros(len(rows), np.bool_)
        find_addresses(data, offsets, rows, firsts, lasts, own)
        found.append(own)
    return np.concatenate(found)


def _slot(piece: str | Capture, labels: Sequence[str]) -> int:
    """What a piece of a pattern is to the kernel."""
    if isinstance(piece, str):
        return LITERAL
    return UNNAMED if piece.name is None else labels.index(piece.name)


_PARSERS = {"json": _json, "logfmt": _logfmt, "pattern": _pattern, "unpack": _unpack}


def _found(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32]
) -> list[FoundField]:
    return [FoundField(data, begin, length) for begin, length in zip(starts, lengths, strict=True)]


_KERNELS: dict[str, Callable[..., None]] = {
    "json": extract_json,
    "logfmt": extract_logfmt,
    "pattern": extract_pattern,
    "unpack": extract_packed,
    "ip": find_addresses,
}


def is_ready(kind: str) -> bool:
    """Whether a parser's kernel, or the one for `ip`, has been compiled, so that it can be used at once."""
    return loops.is_ready(_KERNELS[kind])
