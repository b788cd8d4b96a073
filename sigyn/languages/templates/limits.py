"""What bounds the execution of a template, so that a hostile one can't take the process down."""

from sigyn.languages.templates.errors import FunctionError

MAXIMUM_TEXT = 1 << 20
"""Code points that a template may give, and that any of its functions may build: four times the
longest line that Loki takes by default."""

MAXIMUM_STEPS = 100_000
"""Iterations of `range` and executions of `template` in one execution."""

MAXIMUM_CALL_DEPTH = 64
"""Templates that execute each other; Go's limit is 100000, which Python's stack does not hold."""


def require_length(length: int) -> None:
    """Refuse a text of `length` code points before it is built, when it would be too long."""
    if length > MAXIMUM_TEXT:
        raise FunctionError(f"the text would be longer than {MAXIMUM_TEXT} characters")
