"""numba's compiler as decorators that the type checker understands; imports numba."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """`function` as machine code that runs without the GIL, kept on disk where the disk lets it."""
    return _kept(function)


def inlined(function: F) -> F:
    """`function` as a part of compiled loops that is written into each place where it is called."""
    return _kept(function, inline="always")


def borrowing(function: F) -> F:
    """`function` as a part of compiled loops that only borrows its arrays: it counts no references, and makes none.

    Else numba counts one more reference for each array when such a function begins and one less at each of its ends,
    unless it finds out that it need not; both are atomic, 10 ns together, which is most of what a short one takes.
    """
    return _kept(function, _nrt=False, no_cfunc_wrapper=True)


def is_ready(function: Callable[..., Any]) -> bool:
    """Whether there is machine code of one of these, so that it can be used at once."""
    return bool(cast(Any, function).signatures)


def _kept(function: F, **options: str | bool) -> F:
    try:
        return cast(F, njit(nogil=True, cache=True, **options)(function))
    except RuntimeError:  # no folder that a cache could be written to
        return cast(F, njit(nogil=True, **options)(function))
