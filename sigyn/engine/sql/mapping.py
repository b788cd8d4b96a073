"""Texts of labels as numbers, a column at a time."""

from types import ModuleType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.compiled.at_need import Loops, are_worth_it
from sigyn.engine.sql.conversions import byte_count, duration_nanoseconds, duration_seconds
from sigyn.engine.sql.steps import Convert
from sigyn.model.time import SECOND
from sigyn.store.shapes.values import Flags, string_buffers, valid_rows

_FEW = 4096  # distinct texts: 10 ms to read them one by one


def _exercise(module: ModuleType) -> None:
    for convert in (duration_seconds, byte_count):
        _read(module, pa.array(["1.5s"]), convert)


AMOUNT_LOOPS = Loops("sigyn.engine.kernels.amounts", _exercise)


def mapped_texts(texts: pa.Array, convert: Convert) -> pa.DoubleArray:
    """`convert` of each text, null where it has none; strings, or a dictionary of them."""
    if isinstance(texts, pa.DictionaryArray) or len(texts) <= _FEW or convert not in _AMOUNTS:
        return _one_by_one(texts, convert)
    loops = AMOUNT_LOOPS.ready() if are_worth_it(len(texts)) else None
    if loops is None:
        return _one_by_one(texts, convert)
    numbers, known = _read(loops, texts, convert)
    others = np.flatnonzero(valid_rows(texts) & ~known)
    if len(others):  # written in another way
        left = _one_by_one(texts.take(pa.array(others)), convert)
        numbers[others] = left.to_numpy(zero_copy_only=False)
        known[others] = valid_rows(left)
    return pa.array(numbers, mask=~known)


_AMOUNTS: tuple[Convert, ...] = (duration_seconds, duration_nanoseconds, byte_count)
"""What loops can read."""


def _one_by_one(texts: pa.Array, convert: Convert) -> pa.DoubleArray:
    """Each distinct text by itself."""
    encoded = texts.dictionary_encode()
    numbers = [None if text is None else convert(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(numbers, pa.float64()).take(encoded.indices)


def _read(loops: ModuleType, texts: pa.StringArray, convert: Convert) -> tuple[npt.NDArray[np.float64], Flags]:
    """The numbers of texts that are written in the usual way, and which these are."""
    numbers, known = np.empty(len(texts)), np.empty(len(texts), np.bool_)
    read = loops.read_sizes if convert is byte_count else loops.read_durations
    read(*string_buffers(texts), numbers, known)
    if convert is duration_seconds:
        numbers /= SECOND
    return numbers, known & valid_rows(texts)
