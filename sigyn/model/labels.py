"""Label sets: the identity of a stream or of a series."""

import re
from collections.abc import Iterable, Mapping

Labels = tuple[tuple[str, str], ...]
"""Pairs of name and value, sorted by name, names unique, no empty values."""

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TO_ESCAPE = re.compile(r'["\\\x00-\x1f\x7f]')


def labels_of(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> Labels:
    """The label set of these pairs: sorted, the last of equal names, without empty values."""
    return tuple(sorted((name, value) for name, value in dict(pairs).items() if value != ""))


def quote(text: str) -> str:
    """`text` as a double-quoted string, as Go's %q writes printable text and control characters."""

    def escape(match: re.Match[str]) -> str:
        character = match[0]
        return _ESCAPES.get(character) or f"\\x{ord(character):02x}"

    return f'"{_TO_ESCAPE.sub(escape, text)}"'


def format_labels(labels: Labels) -> str:
    """`{a="b", c="d"}`, as Prometheus and Loki print a label set."""
    return "{" + ", ".join(f"{name}={quote(value)}" for name, value in labels) + "}"
