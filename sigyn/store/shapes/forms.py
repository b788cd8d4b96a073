"""Forms: how a column holds the texts of a field so that they are small, quick to read, and exact.

text     as they are; with a dictionary where few differ
hex      ids of lower-case hexadecimal digits, all of one length, as bytes: half the size
numbered whole numbers behind a text that is the same for all: `user_777`
decimal  numbers as mantissa and digits behind the point: `12.50` is 1250 and 2. What `unwrap` reads
templated  few texts but for the numbers in them: the place of the template, and the numbers
time     times such as 2026-11-25T21:35:57.021Z, as their distance from the entry's own timestamp,
         cut to the same digits: nearly always 0, and then next to nothing

A form is chosen for a column as a whole, by a sample of its texts. It holds only texts that it gives
back byte for byte; a line with another one keeps its text.
"""

import re
from functools import lru_cache, reduce
from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.store.shapes.templates import TemplatedForm, templates_of
from sigyn.store.shapes.values import (
    Columns,
    Flags,
    Longs,
    Texts,
    integer_column,
    integers_of,
    string_array,
    string_buffers,
    valid_rows,
    whole,
)

SAMPLE_ROWS = 8192
FEW = 0.25  # share of distinct texts in a sample up to which a dictionary is worth it
VERY_FEW = 0.02  # share up to which a dictionary is better than any other form
MAX_DICTIONARY = 1024  # texts of a dictionary that is written with every row group
MOST_FEW = 64  # texts that are named in the footer
MOST_FEW_TEXT = 2048  # bytes of them all
_COUNTED_AT_ONCE = 1 << 20  # bytes: numpy makes 8 of each to count them
LONG_TEXT = 32  # bytes on average from which a text takes more room than numbers and a place
_TEXTS_OF_TEMPLATE = 8  # distinct ones in a sample, at least, for templates to be worth it
_MOST_DIGITS = 19  # of a number that 64 bits hold
MISFITS = 0.02  # share of texts up to which it is better to leave them to their lines

_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d|)")
_HEX = re.compile(r"(?:[0-9a-f]{2}){8,32}")
_NUMBERED = re.compile(r"(.{0,63}\D)(?:0|[1-9]\d{0,14})", re.DOTALL | re.ASCII)
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?")

Floats = npt.NDArray[np.float64]


class TextForm(msgspec.Struct, frozen=True, tag="text", tag_field="form"):
    """Texts as they are.

    dictionary  few differ, so that a dictionary is worth it
    letters     the bytes that they are made of, as 256 bits in hexadecimal; empty: any
    few         all texts that occur, where they are few and short; empty: they are not
    coded       the column holds for each text its place in `few`
    """

    dictionary: bool
    letters: str = ""
    few: tuple[str, ...] = ()
    coded: bool = False

    def alphabet(self) -> Flags | None:
        """The bytes (256 flags) that the texts are made of; None: any."""
        if not self.letters:
            return None
        return np.unpackbits(np.frombuffer(bytes.fromhex(self.letters), np.uint8)).astype(np.bool_)

    @property
    def longest(self) -> int | None:
        """Bytes of a text, at most; None: any."""
        return None

    @property
    def is_indexed(self) -> bool:
        """Whether texts that are too short for a needle are in the needle filter as fields."""
        return True

    def parts(self, name: str) -> list[str]:
        """Names of the physical columns."""
        return [name]

    def encode(self, name: str, texts: pa.StringArray, timestamps: Longs) -> tuple[Columns, Flags]:
        """The physical columns of a field's texts, and which rows they hold exactly."""
        if self.coded:
            codes = pc.index_in(texts, self.texts)
            return {name: codes}, valid_rows(codes)
        fits = valid_rows(texts)
        if self.dictionary:
            encoded = texts.dictionary_encode()
            if len(encoded.dictionary) <= MAX_DICTIONARY:
                return {name: encoded}, fits
        return {name: texts}, fits

    def decode(self, name: str, columns: Columns, timestamps: Longs) -> Texts:
        """The texts that `encode` was given."""
        if self.coded:
            return pa.DictionaryArray.from_arrays(columns[name], self.texts)
        return columns[name]

    @property
    def texts(self) -> pa.StringArray:
        """Those of `few`."""
        return _array(self.few)

    def with_few(self, name: str, columns: Columns) -> tuple["TextForm", Columns]:
        """The form, and the columns that `encode` made of texts with few distinct ones, with codes where it can be."""
        held = columns[name]
        few = few_texts(held)
        coded = bool(few) and isinstance(held, pa.DictionaryArray)
        return TextForm(dictionary=True, few=few, coded=coded), {name: held.indices} if coded else columns


@lru_cache(maxsize=1024)
def _array(few: tuple[str, ...]) -> pa.StringArray:
    return pa.array(few, pa.string())


class HexForm(msgspec.Struct, frozen=True, tag="hex", tag_field="form"):
    """Ids of `width` hexadecimal digits."""

    width: int

    def alphabet(self) -> Flags | None:
        """As in TextForm."""
        return _flags(b"0123456789abcdef")

    @property
    def longest(self) -> int:
        """As in TextForm."""
        return self.width

    @property
    def is_indexed(self) -> bool:
        """As in TextForm."""
        return False

    def parts(self, name: str) -> list[str]:
        """As in TextForm."""
        return [name]

    def encode(self, name: str, texts: pa.StringArray, timestamps: Longs) -> tuple[Columns, Flags]:
        """As in TextForm."""
        from sigyn.store.shapes.form_loops import read_hex

        out, fits = np.zeros(len(texts) * self.width // 2, np.uint8), np.empty(len(texts), np.bool_)
        read_hex(*string_buffers(texts), self.width, out, fits)
        fits &= valid_rows(texts)
        kind = pa.binary(self.width // 2)
        return {
            name: pa.FixedSizeBinaryArray.from_buffers(kind, len(texts), [_validity(fits), pa.py_buffer(out)])
        }, fits

    def decode(self, name: str, columns: Columns, timestamps: Longs) -> Texts:
        """As in TextForm."""
        from sigyn.store.shapes.form_loops import write_hex

        held = columns[name]
        size = self.width // 2
        data = np.frombuffer(held.buffers()[1], np.uint8)[held.offset * size : (held.offset + len(held)) * size]
        out = np.empty(2 * len(data), np.uint8)
        write_hex(data, out)
        offsets = np.arange(0, (len(held) + 1) * self.width, self.width, dtype=np.int32)
        return string_array(offsets, out, valid_rows(held) if held.null_count else None)


class NumberedForm(msgspec.Struct, frozen=True, tag="numbered", tag_field="form"):
    """A prefix, and a whole number behind it."""

    prefix: str

    def alphabet(self) -> Flags | None:
        """As in TextForm."""
        return _flags(b"0123456789" + self.prefix.encode())

    @property
    def longest(self) -> int:
        """As in TextForm."""
        return len(self._bytes) + _MOST_DIGITS

    @property
    def is_indexed(self) -> bool:
        """As in TextForm."""
        return True

    def parts(self, name: str) -> list[str]:
        """As in TextForm."""
        return [name]

    def encode(self, name: str, texts: pa.StringArray, timestamps: Longs) -> tuple[Columns, Flags]:
        """As in TextForm."""
        from sigyn.store.shapes.form_loops import read_numbered

        numbers, fits = np.zeros(len(texts), np.int64), np.empty(len(texts), np.bool_)
        read_numbered(*string_buffers(texts), self._bytes, numbers, fits)
        fits &= valid_rows(texts)
        return {name: integer_column(numbers, fits)}, fits

    def decode(self, name: str, columns: Columns, timestamps: Longs) -> Texts:
        """As in TextForm."""
        from sigyn.store.shapes.form_loops import decimal_lengths, write_numbered

        valid = valid_rows(columns[name])
        numbers = integers_of(columns[name]).astype(np.int64)
        offsets = np.zeros(len(numbers) + 1, np.int32)
        decimal_lengths(numbers, np.zeros(len(numbers), np.int8), valid, offsets[1:])
        offsets[1:] += np.where(valid, np.int32(len(self._bytes)), np.int32(0))
        np.cumsum(offsets, out=offsets)
        out = np.empty(int(offsets[-1]), np.uint8)
        write_numbered(numbers, self._bytes, valid, offsets, out)
        return string_array(offsets, out, valid)

    @property
    def _bytes(self) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self.prefix.encode(), np.uint8)


class DecimalForm(msgspec.Struct, frozen=True, tag="decimal", tag_field="form"):
    """Numbers; `scale` digits behind the point, None where it differs from row to row."""

    scale: int | None

    def alphabet(self) -> Flags | None:
        """As in TextForm."""
        return _flags(b"-.0123456789")

    @property
    def longest(self) -> int:
        """As in TextForm: with a sign, a point and a zero in front of it."""
        return _MOST_DIGITS + 3

    @property
    def is_indexed(self) -> bool:
        """As in TextForm."""
        return False

    def parts(self, name: str) -> list[str]:
        """As in TextForm."""
        return [name] if self.scale is not None else [name, f"{name}.scale"]

    def encode(self, name: str, texts: pa.StringArray, timestamps: Longs) -> tuple[Columns, Flags]:
        """As in TextForm."""
        mantissas, scales, fits = _read_decimals(texts)
        if self.scale is not None:
            fits &= scales == self.scale
        columns = {name: integer_column(mantissas, fits)}
        if self.scale is None:
            columns[f"{name}.scale"] = pa.array(scales, mask=~fits)
        return columns, fits

    def decode(self, name: str, columns: Columns, timestamps: Longs) -> Texts:
        """As in TextForm."""
        from sigyn.store.shapes.form_loops import decimal_lengths, write_decimals

        valid = valid_rows(columns[name])
        mantissas, scales = self._numbers(name, columns)
        offsets = np.zeros(len(mantissas) + 1, np.int32)
        decimal_lengths(mantissas, scales, valid, offsets[1:])
        np.cumsum(offsets, out=offsets)
        out = np.empty(int(offsets[-1]), np.uint8)
        write_decimals(mantissas, scales, valid, offsets, out)
        return string_array(offsets, out, valid)

    def numbers(self, name: str, columns: Columns) -> tuple[Floats, Flags]:
        """The numbers as float64, which are what parsing the texts would give; and which rows have one.

        Mantissa and power of ten are exact as float64, so that their quotient is rounded once, as a parser does.
        """
        mantissas, scales = self._numbers(name, columns)
        powers = np.power(10.0, np.arange(10))
        return mantissas / powers[scales], valid_rows(columns[name])

    def _numbers(self, name: str, columns: Columns) -> tuple[Longs, npt.NDArray[np.int8]]:
        mantissas = integers_of(columns[name]).astype(np.int64)
        if self.scale is not None:
            return mantissas, np.full(len(mantissas), self.scale, np.int8)
        return mantissas, integers_of(columns[f"{name}.scale"]).astype(np.int8, copy=False)


class TimeForm(msgspec.Struct, frozen=True, tag="time", tag_field="form"):
    """Times with `digits` of a second's fraction: the distance (ns) from the entry's timestamp cut to them."""

    separator: str
    digits: int
    suffix: str

    def alphabet(self) -> Flags | None:
        """As in TextForm."""
        return _flags(f"-:.0123456789{self.separator}{self.suffix}".encode())

    @property
    def longest(self) -> int:
        """As in TextForm."""
        return 19 + (self.digits + 1 if self.digits else 0) + len(self._suffix)

    @property
    def is_indexed(self) -> bool:
        """As in TextForm."""
        return False

    def parts(self, name: str) -> list[str]:
        """As in TextForm."""
        return [name]

    def encode(self, name: str, texts: pa.StringArray, timestamps: Longs) -> tuple[Columns, Flags]:
        """As in TextForm."""
        from sigyn.store.shapes.form_loops import read_times

        times, fits = np.zeros(len(texts), np.int64), np.empty(len(texts), np.bool_)
        read_times(*string_buffers(texts), ord(self.separator), self.digits, self._suffix, times, fits)
        fits &= valid_rows(texts)
        return {name: pa.array(np.where(fits, times - self._cut(timestamps), 0), mask=~fits)}, fits

    def decode(self, name: str, columns: Columns, timestamps: Longs) -> Texts:
        """As in TextForm."""
        from sigyn.store.shapes.form_loops import write_times

        held = columns[name]
        valid = valid_rows(held)
        times = integers_of(held) + self._cut(timestamps)
        offsets = np.zeros(len(held) + 1, np.int32)
        np.cumsum(np.where(valid, self.longest, 0), out=offsets[1:])
        out = np.empty(int(offsets[-1]), np.uint8)
        write_times(times, ord(self.separator), self.digits, self._suffix, valid, offsets, out)
        return string_array(offsets, out, valid)

    @property
    def _suffix(self) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self.suffix.encode(), np.uint8)

    def _cut(self, timestamps: Longs) -> Longs:
        unit = 10 ** (9 - self.digits)
        return np.asarray(timestamps // unit * unit)


def _flags(letters: bytes) -> Flags:
    flags = np.zeros(256, np.bool_)
    flags[list(letters)] = True
    return flags


def few_texts(texts: pa.Array) -> tuple[str, ...]:
    """What TextForm keeps of few texts."""
    distinct = (texts.dictionary if isinstance(texts, pa.DictionaryArray) else texts.unique()).drop_null()
    if len(distinct) > MOST_FEW or (pc.sum(pc.binary_length(distinct)).as_py() or 0) > MOST_FEW_TEXT:
        return ()
    return tuple(distinct.to_pylist())


def letters_of(texts: pa.StringArray) -> str:
    """What TextForm keeps of the bytes that texts are made of."""
    data, offsets = string_buffers(texts)
    used = np.zeros(256, np.bool_)
    for begin in range(int(offsets[0]), int(offsets[-1]), _COUNTED_AT_ONCE):
        end = min(begin + _COUNTED_AT_ONCE, int(offsets[-1]))
        used |= np.bincount(data[begin:end], minlength=256) > 0
    return np.packbits(used).tobytes().hex()


Form: TypeAlias = TextForm | HexForm | NumberedForm | DecimalForm | TimeForm | TemplatedForm


def choose_form(texts: pa.StringArray) -> Form:
    """The form for a column with these texts (some of them null)."""
    sample = texts.drop_null().slice(0, SAMPLE_ROWS)
    if not len(sample):
        return TextForm(dictionary=True)
    distinct = len(sample.unique())
    if distinct <= max(1, VERY_FEW * len(sample)):
        return TextForm(dictionary=True)
    first = sample[0].as_py()
    if match := _TIME.fullmatch(first):
        return TimeForm(match[1], len(match[2] or ""), match[3])
    if _HEX.fullmatch(first):
        return HexForm(len(first))
    if _DECIMAL.fullmatch(first):
        _, scales, fits = _read_decimals(sample)
        used = np.unique(scales[fits])
        return DecimalForm(int(used[0]) if len(used) == 1 else None)
    repeats = distinct <= FEW * len(sample)
    if repeats and (pc.sum(pc.binary_length(sample)).as_py() or 0) < LONG_TEXT * len(sample):
        return TextForm(dictionary=True)
    if match := _NUMBERED.fullmatch(first):
        numbered = NumberedForm(match[1])
        _, fits = numbered.encode("", sample, np.zeros(len(sample), np.int64))
        if fits.sum() >= (1 - MISFITS) * len(sample):
            return numbered
    if templates_of(sample, max(1, distinct // _TEXTS_OF_TEMPLATE), MISFITS):
        templates = templates_of(texts.drop_null(), len(texts), MISFITS)
        if templates:
            return TemplatedForm(templates)
    return TextForm(dictionary=repeats)


def equal_rows(form: Form, name: str, columns: Columns, text: str) -> pa.BooleanArray | None:
    """Which rows hold this text, from the physical columns alone; None where the form can't tell without more."""
    if isinstance(form, TimeForm) or (isinstance(form, TextForm) and not form.coded):
        return None
    parts = form.parts(name)
    sought = _as_held(form, name, text)
    if sought is None:
        return pa.repeat(False, len(columns[parts[0]]))
    held = [(part, value) for part, value in zip(parts, sought, strict=True) if value.is_valid]
    masks = [pc.equal(columns[part], value) for part, value in held]
    return reduce(pc.and_, masks).fill_null(False)


@lru_cache(maxsize=256)
def _as_held(form: Form, name: str, text: str) -> tuple[pa.Scalar, ...] | None:
    """What the physical columns have for this text; None when it is none that they hold."""
    columns, fits = form.encode(name, pa.array([text], pa.string()), np.zeros(1, np.int64))
    return tuple(columns[part][0] for part in form.parts(name)) if fits[0] else None


def plain_numbers(texts: pa.StringArray) -> tuple[Floats, Flags]:
    """Texts that are plain numbers (an optional minus, digits, perhaps a point and more of them) as float64.

    And which texts are; for others, and nulls, the number means nothing.
    """
    mantissas, scales, fits = _read_decimals(texts)
    return mantissas / np.power(10.0, np.arange(10))[scales], fits


def _read_decimals(texts: pa.StringArray) -> tuple[Longs, npt.NDArray[np.int8], Flags]:
    from sigyn.store.shapes.form_loops import read_decimals

    mantissas, scales = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int8)
    fits = np.empty(len(texts), np.bool_)
    read_decimals(*string_buffers(texts), mantissas, scales, fits)
    return mantissas, scales, fits & valid_rows(texts)


def _validity(valid: Flags) -> pa.Buffer | None:
    return None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))


def decode_form(form: Form, name: str, columns: Columns, timestamps: Longs) -> Texts:
    """The texts of a field from its physical columns, each in one piece."""
    return form.decode(name, {part: whole(columns[part]) for part in form.parts(name)}, timestamps)
