"""Predicates over columns of a frame without SQL."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.engine.frame import Frame
from sigyn.engine.sql.text import Mask
from sigyn.languages.logql import ast
from sigyn.store.shapes.values import valid_rows, whole

_FEW = 256  # texts: up to here one by one, by an expression that is compiled already

_COMPARISONS: dict[str, np.ufunc] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}


def text_mask(frame: Frame, name: str, operator: ast.MatchOperator, value: str, matches: Callable[[str], bool]) -> Mask:
    """Whether the texts of a column match, a null as the empty text; `matches` says so of a single text."""
    equal = frame.equal(name, value) if operator in ("=", "!=") and value else None
    if equal is not None:
        return equal if operator == "=" else ~equal
    texts = frame.column(name)
    pieces = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
    if not pieces:
        return np.zeros(0, np.bool_)
    return np.concatenate([_piece_mask(piece, operator, value, matches) for piece in pieces])


def _piece_mask(texts: pa.Array, operator: ast.MatchOperator, value: str, matches: Callable[[str], bool]) -> Mask:
    if operator in ("=", "!=") and not isinstance(texts, pa.DictionaryArray):
        equal = pc.equal(texts, value).fill_null(value == "").to_numpy(zero_copy_only=False)
        return np.asarray(equal if operator == "=" else ~equal)
    encoded = texts if isinstance(texts, pa.DictionaryArray) else texts.dictionary_encode()
    of_text = np.append(_matching(encoded.dictionary, operator, value, matches), matches(""))
    return np.asarray(of_text[encoded.indices.fill_null(len(of_text) - 1).to_numpy()])


def _matching(texts: pa.StringArray, operator: ast.MatchOperator, value: str, matches: Callable[[str], bool]) -> Mask:
    if operator in ("=", "!=") or len(texts) <= _FEW:
        return np.array([matches(text) for text in texts.to_pylist()], np.bool_)
    found = pc.match_substring_regex(texts, rf"\A(?s:{value})\z").to_numpy(zero_copy_only=False)
    return np.asarray(found if operator == "=~" else ~found, np.bool_)


def number_mask(frame: Frame, name: str, operator: ast.CompareOperator, against: float) -> Mask:
    """Whether the numbers of a float64 column compare so; a null does not."""
    column = whole(frame.column(name))
    with np.errstate(invalid="ignore"):
        passes = _COMPARISONS[operator](column.to_numpy(zero_copy_only=False), against)
    return np.asarray(passes & valid_rows(column) if column.null_count else passes)
