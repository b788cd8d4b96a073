"""What bounds the execution of a template, so that a hostile one can't take the process down."""

from sigyn.languages.templates.errors import FunctionError

MAXIMUM_TEXT = 1 << 20
"""Code points that a template may give, and that any of its functions may build: four times the
longest line that Loki takes by default."""

MAXIMUM_STEPS = 100_000
"""Iterations of `range` and executions of `template` in one execution of a template."""

MAXIMUM_WORK = 64 << 20
"""Code points of long texts that functions get or give in one execution; the slowest of them, the
regular expressions, go through about a hundred million of them in a second."""

WORK_OF_ELEMENT = 16
WORK_OF_PRINTING = 8
"""What sorting a map for `range` costs for each element, and printing for each code point of the result,
counted in code points."""

LONG_TEXT = 1 << 10
LARGE_MAP = 1 << 6
"""Shorter texts and smaller maps don't count as work: the steps bound how many of them there can be."""

MAXIMUM_CALL_DEPTH = 64
"""Templates that execute each other; Go's limit is 100000, which Python's stack does not hold."""


def require_length(length: int) -> None:
    """Refuse a text of `length` code points before it is built, when it would be too long."""
    if length > MAXIMUM_TEXT:
        raise FunctionError(f"the text would be longer than {MAXIMUM_TEXT} characters")
