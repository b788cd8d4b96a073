"""Structured metadata on their way in: names that LogQL can say, text that compares.

Loki changes names at ingestion (`user.id` is stored as `user_id`, `9x` as `key_9x`), as
Prometheus' translation of OpenTelemetry names does; recorded answers show it.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")
_CACHED_LENGTH = 128
_encode = msgspec.json.Encoder().encode


def sanitize_name(name: str) -> str:
    """The name under which an attribute or a piece of structured metadata is stored.

    Every character that a label name can't have becomes `_`; a name that begins with a digit, or
    with a single `_`, is put behind `key_` or `key`.
    """
    return _remembered(name) if len(name) <= _CACHED_LENGTH else _sanitize(name)


def _sanitize(name: str) -> str:
    name = _NOT_IN_NAMES.sub("_", name)
    if name[:1].isdigit():
        return "key_" + name
    if name.startswith("_") and not name.startswith("__"):
        return "key" + name
    return name


_remembered = lru_cache(maxsize=4096)(_sanitize)


def metadata_text(pairs: Iterable[tuple[str, str]]) -> str | None:
    """Structured metadata as canonical text, with the names as they are stored.

    The last of equal names counts; an empty value is as if absent. None when nothing is left.
    """
    kept = {sanitize_name(name): value for name, value in pairs}
    kept = {name: kept[name] for name in sorted(kept) if kept[name] != "" and name != ""}
    return _encode(kept).decode() if kept else None
