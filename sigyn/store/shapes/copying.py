"""Copies runs of bytes in compiled loops.

A loop over single bytes is slow where runs are short, because the compiler can't know that source and target are
apart: it takes 1.2 us to put a line of 54 pieces together, memcpy 0.9 us, moves of 16 bytes 0.3 us.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from sigyn.compiled.loops import inlined

Bytes = npt.NDArray[np.uint8]


def _place(context: Any, builder: Any, kinds: Any, arguments: Any, array: int, index: int) -> Any:
    held = context.make_array(kinds[array])(context, builder, arguments[array])
    offset = context.cast(builder, arguments[index], kinds[index], types.intp)
    return builder.gep(builder.bitcast(held.data, ir.IntType(8).as_pointer()), [offset])


@intrinsic
def _move16(_typing: Any, target: Any, at: Any, source: Any, start: Any) -> Any:
    """target[at : at + 16] = source[start : start + 16]."""
    signature = types.void(target, at, source, start)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(ir.IntType(8), 16).as_pointer()
        source = _place(context, builder, signature.args, arguments, 2, 3)
        target = _place(context, builder, signature.args, arguments, 0, 1)
        loaded = builder.load(builder.bitcast(source, vector), align=1)
        builder.store(loaded, builder.bitcast(target, vector), align=1)
        return context.get_dummy_value()

    return signature, generate


@inlined
def move(target: Bytes, at: int, source: Bytes, start: int, length: int) -> None:
    """target[at : at + length] = source[start : start + length], and up to ROOM bytes (values.ROOM) behind of whatever.

    Both need that room, and what is behind in the target has to be written later.
    """
    done = 0
    while done < length:
        _move16(target, at + done, source, start + done)
        done += 16


@intrinsic
def copy_bytes(_typing: Any, target: Any, at: Any, source: Any, start: Any, length: Any) -> Any:
    """target[at : at + length] = source[start : start + length] for contiguous arrays of bytes, unchecked."""
    signature = types.void(target, at, source, start, length)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        word = context.get_value_type(types.intp)
        target = _place(context, builder, kinds, arguments, 0, 1)
        source = _place(context, builder, kinds, arguments, 2, 3)
        count = context.cast(builder, arguments[4], kinds[4], types.intp)
        cgutils.raw_memcpy(builder, target, source, count, ir.Constant(word, 1))
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def prefetch(_typing: Any, data: Any, at: Any) -> Any:
    """Has the processor fetch what is around byte `at` of an array; it need not be inside."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature.args, arguments, 0, 1)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [place.type], kind)
        # to read it, into all caches, as data
        builder.call(fetch, [place, ir.Constant(number, 0), ir.Constant(number, 3), ir.Constant(number, 1)])
        return context.get_dummy_value()

    return types.void(data, at), generate
