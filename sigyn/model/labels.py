"""Label sets, the identity of a stream or of a series, and names of labels."""

import re
from collections.abc import Iterable, Mapping

Labels = tuple[tuple[str, str], ...]
"""Pairs of name and value, sorted by name, names unique, no empty values."""

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

_FOREIGN = re.compile(r"[^a-zA-Z0-9_]")

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TO_ESCAPE = re.compile(r'["\\\x00-\x1f\x7f]')


def labels_of(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> Labels:
    """The label set of these pairs: sorted, the last of equal names, without empty values."""
    return tuple(sorted((name, value) for name, value in dict(pairs).items() if value != ""))


def label_name(key: str, *, is_first: bool = True) -> str:
    """The label that a parser makes of a key of a line: other characters than letters, digits and `_` become `_`.

    White space at both ends is cut off. A digit at the beginning gets a `_` before it where the key `is_first` in the
    name, but not behind the names of the objects around it (https://github.com/grafana/loki/pull/23325). The result is
    empty when nothing is left.
    """
    if key.isascii() and key.isidentifier():  # as nearly all are
        return key
    name = key.strip()
    if is_first and name[:1].isdigit() and name[:1].isascii():
        name = "_" + name
    return _FOREIGN.sub("_", name)


def quote(text: str) -> str:
    """`text` as a double-quoted string, as Go's %q writes printable text and control characters."""

    def escape(match: re.Match[str]) -> str:
        character = match[0]
        return _ESCAPES.get(character) or f"\\x{ord(character):02x}"

    return f'"{_TO_ESCAPE.sub(escape, text)}"'


def format_labels(labels: Labels) -> str:
    """`{a="b", c="d"}`, as Prometheus and Loki print a label set."""
    return "{" + ", ".join(f"{name}={quote(value)}" for name, value in labels) + "}"
