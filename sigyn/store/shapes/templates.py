"""The form of texts that are few but for the numbers in them: messages, tracebacks.

    line 17, in handle        template  line <>, in handle     number  17
    took 12.50 ms                       took <.2> ms                   1250

A search that can't tell one number from another has to look at the templates alone.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.store.shapes.values import (
    Bytes,
    Columns,
    Flags,
    Integers,
    Longs,
    integer_column,
    integers_of,
    string_array,
    string_buffers,
    valid_rows,
)

MOST_NUMBERS = 8  # of a text: each is a column
MOST_TEMPLATES = 256
MOST_TEMPLATE_TEXT = 16 << 10  # bytes of them all: they are read with the footer

_NUMBER = re.compile(r"(?<![0-9])(?:0|[1-9][0-9]{0,14})(?![0-9])(?:\.([0-9]{1,9})(?![0-9]))?")


class Template(msgspec.Struct, frozen=True, array_like=True):
    """Texts around numbers, one more than these, and of each number how many digits stand behind its point."""

    literals: tuple[str, ...]
    scales: tuple[int, ...]


class TemplatedForm(msgspec.Struct, frozen=True, tag="templated", tag_field="form"):
    """Texts of some templates. A number is written without needless zeros in front."""

    templates: tuple[Template, ...]

    def alphabet(self) -> Flags | None:
        """As in TextForm."""
        letters = "".join(literal for template in self.templates for literal in template.literals)
        flags = np.zeros(256, np.bool_)
        flags[list(f"0123456789.{letters}".encode())] = True
        return flags

    @property
    def longest(self) -> int | None:
        """As in TextForm."""
        return None

    @property
    def is_indexed(self) -> bool:
        """As in TextForm."""
        return True

    def parts(self, name: str) -> list[str]:
        """As in TextForm: the place of the template, then the numbers, without their points."""
        most = max(len(template.scales) for template in self.templates)
        return [name, *(f"{name}.{number}" for number in range(1, most + 1))]

    def encode(self, name: str, texts: pa.StringArray, timestamps: Longs) -> tuple[Columns, Flags]:
        """As in TextForm."""
        from sigyn.store.shapes.template_loops import read_templated

        table = _table(self)
        parts = self.parts(name)
        codes = table.codes_of(_hashes(texts))
        codes[~valid_rows(texts)] = -1
        numbers, fits = np.zeros((len(parts) - 1, len(texts)), np.int64), np.empty(len(texts), np.bool_)
        read_templated(
            *string_buffers(texts), codes, table.literals, table.literal_ends, table.first_literal, table.scales,
            numbers, fits,
        )  # fmt: skip
        columns = {name: pa.array(codes, mask=~fits)}
        for number, part in enumerate(parts[1:]):
            columns[part] = integer_column(numbers[number], fits & (table.counts[codes] > number))
        return columns, fits

    def decode(self, name: str, columns: Columns, timestamps: Longs) -> pa.StringArray:
        """As in TextForm."""
        from sigyn.store.shapes.template_loops import templated_lengths, write_templated

        table = _table(self)
        valid = valid_rows(columns[name])
        codes = np.where(valid, integers_of(columns[name]), -1).astype(np.int32)
        parts = self.parts(name)[1:]
        numbers = np.empty((len(parts), len(codes)), np.int64)
        for number, part in enumerate(parts):
            numbers[number] = integers_of(columns[part])
        offsets = np.zeros(len(codes) + 1, np.int32)
        templated_lengths(codes, table.literal_ends, table.first_literal, table.scales, numbers, offsets[1:])
        np.cumsum(offsets, out=offsets)
        out = np.empty(int(offsets[-1]), np.uint8)
        write_templated(
            codes, table.literals, table.literal_ends, table.first_literal, table.scales, numbers, offsets, out
        )
        return string_array(offsets, out, valid)


@dataclass(frozen=True, slots=True, eq=False)
class _TemplateTable:
    """Templates as loops need them: `literals` to `scales` as in template_loops.

    counts          how many numbers each has
    hashes, places  their hashes, rising, and the template of each
    """

    literals: Bytes
    literal_ends: Longs
    first_literal: Longs
    scales: npt.NDArray[np.int8]
    counts: Longs
    hashes: npt.NDArray[np.uint64]
    places: Longs

    def codes_of(self, hashes: npt.NDArray[np.uint64]) -> Integers:
        """The template of texts with these hashes, -1 for those that surely have none."""
        found = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.where(self.hashes[found] == hashes, self.places[found], -1).astype(np.int32)


def templates_of(texts: pa.StringArray, most: int, misfits: float) -> tuple[Template, ...]:
    """The templates of these texts, those of most texts first; empty when there are more than `most`.

    As many as there is room for; empty when more than a share of `misfits` would be left without one.
    """
    from sigyn.store.shapes.template_loops import NO_TEMPLATE

    found, examples, counts = np.unique(_hashes(texts), return_index=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    order = order[found[order] != NO_TEMPLATE]
    if len(order) > most:
        return ()
    order = order[:MOST_TEMPLATES]
    templates = [_template(text) for text in texts.take(pa.array(examples[order])).to_pylist()]
    sizes = np.cumsum([sum(len(literal.encode()) for literal in template.literals) for template in templates])
    room = int(np.searchsorted(sizes, MOST_TEMPLATE_TEXT, side="right"))
    left = len(texts) - int(counts[order[:room]].sum())
    return tuple(templates[:room]) if left <= misfits * len(texts) else ()


def _hashes(texts: pa.StringArray) -> npt.NDArray[np.uint64]:
    from sigyn.store.shapes.template_loops import hash_templates

    hashes = np.empty(len(texts), np.uint64)
    hash_templates(*string_buffers(texts), MOST_NUMBERS, hashes)
    return hashes


def _template(text: str) -> Template:
    literals, scales, begin = [], [], 0
    for number in _NUMBER.finditer(text):
        literals.append(text[begin : number.start()])
        scales.append(len(number[1] or ""))
        begin = number.end()
    return Template((*literals, text[begin:]), tuple(scales))


@lru_cache(maxsize=256)
def _table(form: TemplatedForm) -> _TemplateTable:
    literals = [literal.encode() for template in form.templates for literal in template.literals]
    counts = np.array([len(template.scales) for template in form.templates], np.int64)
    hashes = _hashes(pa.array([_example(template) for template in form.templates], pa.string()))
    order = np.argsort(hashes)
    return _TemplateTable(
        np.frombuffer(b"".join(literals), np.uint8),
        np.cumsum([len(literal) for literal in literals], dtype=np.int64),
        np.append(0, np.cumsum(counts + 1)),
        np.array([scale for template in form.templates for scale in (*template.scales, 0)], np.int8),
        counts,
        hashes[order],
        order,
    )


def _example(template: Template) -> str:
    """A text of a template."""
    numbers = [f"{0:.{scale}f}" for scale in template.scales]
    return "".join(piece for pair in zip(template.literals, (*numbers, ""), strict=True) for piece in pair)
