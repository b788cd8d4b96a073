"""Compiled twin of `metadata.metadata_text` for the metadata pairs of a protobuf push.

Import this only through `kernels`: it imports numba.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import compiled

_MAX_PAIRS = 64
_MAX_NAME_BYTES = 2048
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_KEY = np.frombuffer(b"key_", dtype=np.uint8)

_QUOTE, _BACKSLASH, _UNDERSCORE = 34, 92, 95


@compiled
def _sanitize(buffer: Any, start: Any, end: Any, names: Any, at: Any) -> Any:
    """Writes a name as it is stored at `names[at:]`; gives its end, or -1 when it isn't ASCII."""
    if start == end:
        return at
    first = buffer[start]
    if 48 <= first <= 57:
        for i in range(4):
            names[at + i] = _KEY[i]
        at += 4
    elif not (65 <= first <= 90 or 97 <= first <= 122) and (
        start + 1 == end
        or 48 <= buffer[start + 1] <= 57
        or 65 <= buffer[start + 1] <= 90
        or 97 <= buffer[start + 1] <= 122
    ):
        for i in range(3):
            names[at + i] = _KEY[i]
        at += 3
    for i in range(start, end):
        byte = buffer[i]
        if byte >= 0x80:
            return -1
        plain = 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122
        names[at] = byte if plain else _UNDERSCORE
        at += 1
    return at


@compiled
def _compare(names: Any, a_start: Any, a_end: Any, b_start: Any, b_end: Any) -> Any:
    for i in range(min(a_end - a_start, b_end - b_start)):
        a, b = names[a_start + i], names[b_start + i]
        if a != b:
            return -1 if a < b else 1
    return (a_end - a_start) - (b_end - b_start)


@compiled
def _escape(buffer: Any, start: Any, end: Any, fill: Any, out: Any, at: Any) -> Any:
    """Writes bytes as the inside of a JSON string at `out[at:]`; gives the end."""
    for i in range(start, end):
        byte = buffer[i]
        if byte >= 32 and byte != _QUOTE and byte != _BACKSLASH:
            if fill:
                out[at] = byte
            at += 1
            continue
        short = 0
        if byte in (_QUOTE, _BACKSLASH):
            short = byte
        elif byte == 8:
            short = 98
        elif byte == 9:
            short = 116
        elif byte == 10:
            short = 110
        elif byte == 12:
            short = 102
        elif byte == 13:
            short = 114
        if fill:
            out[at] = _BACKSLASH
            if short:
                out[at + 1] = short
            else:
                out[at + 1] = 117
                out[at + 2] = 48
                out[at + 3] = 48
                out[at + 4] = _HEX[byte >> 4]
                out[at + 5] = _HEX[byte & 15]
        at += 2 if short else 6
    return at


@compiled
def render(buffer: Any, pair_offsets: Any, pairs: Any, fill: Any, offsets: Any, out: Any, present: Any) -> Any:
    """Writes every entry's metadata; gives the bytes needed, or -1 for metadata beyond this loop."""
    names = np.empty(_MAX_NAME_BYTES + 8, np.uint8)
    starts = np.empty(_MAX_PAIRS, np.int64)
    ends = np.empty(_MAX_PAIRS, np.int64)
    order = np.empty(_MAX_PAIRS, np.int64)
    at = 0
    for entry in range(len(pair_offsets) - 1):
        first, last = pair_offsets[entry], pair_offsets[entry + 1]
        if fill:
            offsets[entry] = at
            present[entry] = False
        if first == last:
            continue
        if last - first > _MAX_PAIRS:
            return -1
        used = 0
        kept = 0
        for pair in range(first, last):
            if used + 4 + pairs[pair, 1] - pairs[pair, 0] > _MAX_NAME_BYTES:
                return -1
            slot = pair - first
            starts[slot] = used
            used = _sanitize(buffer, pairs[pair, 0], pairs[pair, 1], names, used)
            if used < 0:
                return -1
            ends[slot] = used
            # Insertion keeps the names sorted; of equal names the later pair takes the place.
            place = kept
            while place > 0:
                other = order[place - 1]
                compared = _compare(names, starts[other], ends[other], starts[slot], ends[slot])
                if compared < 0:
                    break
                if compared == 0:
                    order[place - 1] = slot
                    place = -1
                    break
                place -= 1
            if place >= 0:
                for i in range(kept, place, -1):
                    order[i] = order[i - 1]
                order[place] = slot
                kept += 1
        begin = at
        for i in range(kept):
            slot = order[i]
            pair = first + slot
            if starts[slot] == ends[slot] or pairs[pair, 2] == pairs[pair, 3]:
                continue
            if fill:
                out[at] = 123 if at == begin else 44
                out[at + 1] = _QUOTE
                for j in range(ends[slot] - starts[slot]):
                    out[at + 2 + j] = names[starts[slot] + j]
            at += 2 + ends[slot] - starts[slot]
            if fill:
                out[at] = _QUOTE
                out[at + 1] = 58
                out[at + 2] = _QUOTE
            at = _escape(buffer, pairs[pair, 2], pairs[pair, 3], fill, out, at + 3)
            if fill:
                out[at] = _QUOTE
            at += 1
        if at > begin:
            if fill:
                out[at] = 125
                present[entry] = True
            at += 1
    if fill:
        offsets[len(pair_offsets) - 1] = at
    return at


def render_metadata(
    buffer: npt.NDArray[np.uint8], pair_offsets: npt.NDArray[np.int32], pairs: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8], npt.NDArray[np.bool_]] | None:
    """Offsets, text and presence of every entry's metadata; None for those that the loop leaves to its twin."""
    entries = len(pair_offsets) - 1
    offsets, present = np.empty(entries + 1, np.int32), np.empty(entries, np.bool_)
    size = render(buffer, pair_offsets, pairs, False, offsets, np.empty(0, np.uint8), present)
    if size < 0 or size >= 1 << 31:
        return None
    text = np.empty(size, np.uint8)
    render(buffer, pair_offsets, pairs, True, offsets, text, present)
    return offsets, text, present
