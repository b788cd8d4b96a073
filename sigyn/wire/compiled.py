"""numba's compiler as a decorator that the type checker understands; imports numba."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """`function` as machine code that runs without the GIL, kept on disk where the disk lets it."""
    try:
        return cast(F, njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no folder that a cache could be written to
        return cast(F, njit(nogil=True)(function))
