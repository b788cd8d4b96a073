"""Columns are compressed so that they are quick to read, where that costs next to nothing."""

import random

import numpy as np
import pyarrow as pa

from sigyn.store.codecs import LZ4, ZSTD, choose_codecs

ROWS = 4096
OPTIONS = {"use_dictionary": ["few"], "store_schema": False}
GROUPS = [np.arange(begin, begin + ROWS) for begin in range(0, 10 * ROWS, ROWS)]


def column(*texts: str, begin: int = 0, rows: int = 10 * ROWS) -> pa.Array:
    pick = random.Random(7).choice
    return pa.array([None] * begin + [pick(texts) for _ in range(rows)] + [None] * (10 * ROWS - begin - rows))


def test_lz4_where_a_value_grows_by_next_to_nothing() -> None:
    assert choose_codecs({"few": column("info", "warn", "error")}, GROUPS, OPTIONS) == {"few": LZ4}


def test_zstd_where_it_makes_much_smaller() -> None:
    digits = [f"{random.Random(number).getrandbits(48):015d}" for number in range(1000)]
    columns = {"other": column(*digits)}
    assert choose_codecs(columns, GROUPS, OPTIONS) == {"other": ZSTD}


def test_the_rows_that_hold_values_decide() -> None:
    digits = [f"{random.Random(number).getrandbits(48):015d}" for number in range(1000)]
    columns = {"other": column(*digits, begin=ROWS, rows=ROWS), "few": pa.nulls(10 * ROWS, pa.string())}
    assert choose_codecs(columns, GROUPS, OPTIONS) == {"other": ZSTD, "few": LZ4}
