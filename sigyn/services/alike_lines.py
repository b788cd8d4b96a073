"""Lines that are alike: equal but for numbers and ids.

What follows for one line follows for all that are alike, so that of a million lines of a program a few hundred have
to be looked at.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.compiled.at_need import Loops, are_worth_it
from sigyn.store.shapes.values import string_buffers

VARIABLE = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|\b(?=[a-fA-F]*[0-9])[0-9a-fA-F]{12,}\b|0x[0-9a-fA-F]+|[0-9]+"
)
"""Numbers and ids. The loops find the same."""

VARIED = "#"

_WORTH_A_LOOP = 1_000  # lines: 10 ms


def _exercise(module: ModuleType) -> None:
    _by_loops(module, pa.array(["a 1"]), np.zeros(1, np.int32))


ALIKE_LOOPS = Loops("sigyn.services.alike_loops", _exercise)


@dataclass(frozen=True, slots=True)
class Alike:
    """Lines of which each stands for others that are alike.

    row      where the first of them is; groups come in this order
    line     its text
    varied   the same with VARIED for each number and id that is not the same in all of them; None: all are the same
    """

    row: int
    line: str
    varied: str | None


def group_alike(lines: pa.StringArray, levels: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int64], Sequence[Alike]]:
    """Groups of lines (without null) of one level that are alike, or just equal; for each line its group.

    Lines that are alike may be in different groups: small inputs are not worth the loops.
    """
    loops = ALIKE_LOOPS.ready() if len(lines) >= _WORTH_A_LOOP and are_worth_it(len(lines)) else None
    return _equal(lines, levels) if loops is None else _by_loops(loops, lines, levels)


def _equal(lines: pa.StringArray, levels: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int64], Sequence[Alike]]:
    numbers: dict[tuple[int, str], int] = {}
    found = [numbers.setdefault(key, len(numbers)) for key in zip(levels.tolist(), lines.to_pylist(), strict=True)]
    groups = np.array(found, np.int64)
    _, firsts = np.unique(groups, return_index=True)
    return groups, [Alike(row, line, None) for row, (_, line) in zip(firsts.tolist(), numbers, strict=True)]


def _by_loops(
    loops: ModuleType, lines: pa.StringArray, levels: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int64], Sequence[Alike]]:
    data, offsets = string_buffers(lines)
    groups, firsts, span_begins = np.empty(len(lines), np.int64), *np.empty((2, len(lines) + 1), np.int64)
    most = loops.most_spans(int(offsets[-1] - offsets[0]), len(lines))
    starts, ends, differs = np.empty(most, np.int32), np.empty(most, np.int32), np.zeros(most, np.bool_)
    count = loops.find_alike(data, offsets, levels, loops.KINDS, groups, firsts, span_begins, starts, ends, differs)
    rows = firsts[:count]
    found = list(map(Alike, rows.tolist(), lines.take(pa.array(rows)).to_pylist(), repeat(None)))
    differing = np.flatnonzero(differs)
    for group in np.unique(np.searchsorted(span_begins[: count + 1], differing, side="right") - 1).tolist():
        begin, end = offsets[rows[group]], offsets[rows[group] + 1]
        first, last = np.searchsorted(differing, span_begins[group : group + 2])
        spans = differing[first:last]
        places = zip((starts[spans] - begin).tolist(), (ends[spans] - begin).tolist(), strict=True)
        varied = _replaced(data[begin:end].tobytes(), places).decode()
        found[group] = replace(found[group], varied=varied)
    unknown = np.flatnonzero(groups < 0)
    if len(unknown):
        own, others = _equal(lines.take(pa.array(unknown)), levels[unknown])
        groups[unknown] = own + count
        found += [Alike(int(unknown[other.row]), other.line, None) for other in others]
        order = sorted(range(len(found)), key=lambda group: found[group].row)
        groups = np.argsort(order)[groups]
        found = [found[group] for group in order]
    return groups, found


def _replaced(line: bytes, places: Iterable[tuple[int, int]]) -> bytes:
    """The line with VARIED in these places, rising."""
    pieces: list[bytes] = []
    at = 0
    for start, end in places:
        pieces += (line[at:start], VARIED.encode())
        at = end
    return b"".join([*pieces, line[at:]])
