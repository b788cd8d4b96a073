"""numba's compiler as decorators that the type checker understands; imports numba."""

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


def borrowing(function: F) -> F:
    """`function` as a part of compiled loops that only borrows its arrays: it counts no references, and makes none.

    Else numba counts one more reference for each array when such a function begins and one less at each of its ends,
    unless it finds out that it need not; both are atomic, 10 ns together, which is most of what a short one takes.
    """
    try:
        return cast(F, njit(nogil=True, cache=True, _nrt=False, no_cfunc_wrapper=True)(function))
    except RuntimeError:  # as above
        return cast(F, njit(nogil=True, _nrt=False, no_cfunc_wrapper=True)(function))
