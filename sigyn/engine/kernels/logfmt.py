"""`| logfmt` over a column of lines, for the labels that a query needs.

Pairs are `key=value`, `key="quoted value"` or a bare `key`, between white space; a key is compared
with the wanted labels as the interpreter's logfmt stage names it (a character that a label name can't
hold becomes `_`), the first of equal keys wins; for keys that were asked for the last does, empty or
not, and one that is not there gives the empty text. A pair that breaks the rules is skipped up to the next blank, and
behind a quote that does not end there is nothing. A line is hard when the kernel would have to guess: a key
that is no UTF-8 or may have white space at an end and has a value, or a wanted value with an escape or U+FFFD in it.
"""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, compiled
from sigyn.engine.kernels.names import may_be_trimmed, name_end
from sigyn.engine.kernels.replaced import has_replaced
from sigyn.store.shapes.bytes_at import byte_at
from sigyn.store.shapes.plain_bytes import WIDTH, plain_in_quotes, plain_in_word

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]


@borrowing
def _walk(
    data: Bytes,
    at: int,
    end: int,
    wanted: Bytes,
    wanted_ends: Integers,
    keep_empty: bool,
    last_wins: bool,
    starts: Integers,
    lengths: Integers,
    row: int,
) -> bool:
    """Fill starts[:, row] and lengths[:, row]; False: hard."""
    count = len(wanted_ends)
    while True:
        while at < end and byte_at(data, at) <= 32:
            at += 1
        if at >= end:
            return True
        key = at
        is_ascii = True
        while at < end and byte_at(data, at) > 32 and byte_at(data, at) != 61 and byte_at(data, at) != 34:
            is_ascii = is_ascii and byte_at(data, at) < 128
            at += 1
        key_end = at
        if at < end and (byte_at(data, at) == 34 or (byte_at(data, at) == 61 and key_end == key)):
            while at < end and byte_at(data, at) > 32:
                at += 1
            continue
        has_pair = (at < end and byte_at(data, at) == 61) or keep_empty
        if not is_ascii and has_pair and (has_replaced(data, key, key_end) or may_be_trimmed(data, key, key_end)):
            return False
        escaped = False
        if at < end and byte_at(data, at) == 61:
            at += 1
            if at < end and byte_at(data, at) == 34:
                at += 1
                start = at
                while at < end and byte_at(data, at) != 34:
                    if at + WIDTH <= len(data):
                        plain = plain_in_quotes(data, at)
                        if plain:
                            at += plain
                            continue
                    if byte_at(data, at) == 92:
                        escaped = True
                        at += 1
                    at += 1
                if at >= end:
                    return True
                stop = at
                at += 1
            else:
                start = at
                bad = False
                while at < end:
                    if at + WIDTH <= len(data):
                        at += plain_in_word(data, at)
                        if at >= end:
                            break
                    byte = byte_at(data, at)
                    if byte <= 32:
                        break
                    bad = bad or byte == 61 or byte == 34
                    at += 1
                at = min(at, end)
                if bad:
                    continue
                stop = at
        else:
            start = stop = at
        if stop == start and not keep_empty:
            continue
        for w in range(count):
            begin = 0 if w == 0 else wanted_ends[w - 1]
            if not last_wins and lengths[w, row] >= 0:
                continue
            if name_end(data, key, key_end, True, wanted, begin, wanted_ends[w]) == wanted_ends[w]:
                if escaped or has_replaced(data, start, stop):
                    return False
                starts[w, row] = start
                lengths[w, row] = stop - start


@compiled
def extract_logfmt(
    data: Bytes,
    offsets: Integers,
    rows: npt.NDArray[np.int64],
    wanted: Bytes,
    wanted_ends: Integers,
    keep_empty: bool,
    asked_for: bool,
    starts: Integers,
    lengths: Integers,
    hard: npt.NDArray[np.bool_],
) -> None:
    """Extract labels from the lines `rows`; arguments and results as `extract_json` has them.

    `asked_for` says that the query names the keys, so that every line has the labels.
    """
    count = len(wanted_ends)
    for i in range(len(rows)):
        for w in range(count):
            lengths[w, i] = 0 if asked_for else -1
        begin, end = offsets[rows[i]], offsets[rows[i] + 1]
        hard[i] = not _walk(
            data, begin, end, wanted, wanted_ends, keep_empty or asked_for, asked_for, starts, lengths, i
        )
