"""Texts of labels as numbers where SQL has no such reading: once per distinct text, in Python.

They are the interpreter's own readings, so that there is one meaning. None stands for a text that
the interpreter has to judge.
"""

from collections.abc import Callable

from sigyn.engine.interpreter.addresses import compile_addresses
from sigyn.languages.bytes import parse_bytes
from sigyn.languages.durations import parse_go_duration
from sigyn.model.errors import BadRequest
from sigyn.model.time import SECOND

_EXACT = 2**53  # integers up to here are exact as float64


def duration_nanoseconds(text: str) -> float | None:
    """A duration in ns."""
    return _exact(parse_go_duration, text)


def duration_seconds(text: str) -> float | None:
    """A duration in seconds."""
    try:
        return parse_go_duration(text) / SECOND
    except BadRequest:
        return None


def byte_count(text: str) -> float | None:
    """A size in bytes."""
    return _exact(parse_bytes, text)


def address_test(pattern: str) -> Callable[[str], float | None]:
    """1 for a text that holds an address of the pattern, else 0. Raises QueryError for a bad pattern."""
    holds = compile_addresses(pattern)
    return lambda text: 1.0 if holds(text) else 0.0


def _exact(parse: Callable[[str], int], text: str) -> float | None:
    try:
        number = parse(text)
    except BadRequest:
        return None
    return float(number) if abs(number) <= _EXACT else None
