"""Looks at 16 bytes at once for the next one that means something, where most mean nothing.

A text in quotes of 20 bytes ends after two looks, 2 ns, and not after 20 tests.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

WIDTH = 16
"""Bytes that are looked at together: processors that numba compiles for have registers of that size."""


def _some(context: Any, builder: Any, kinds: Any, arguments: Any, distance: int = 0) -> Any:
    """WIDTH bytes from the place arguments[1] of the array arguments[0], or arguments[distance] further on."""
    held = context.make_array(kinds[0])(context, builder, arguments[0])
    offset = context.cast(builder, arguments[1], kinds[1], types.intp)
    if distance:
        offset = builder.add(offset, context.cast(builder, arguments[distance], kinds[distance], types.intp))
    place = builder.gep(builder.bitcast(held.data, ir.IntType(8).as_pointer()), [offset], inbounds=True)
    return builder.load(builder.bitcast(place, ir.VectorType(ir.IntType(8), WIDTH).as_pointer()), align=1)


def _first(builder: Any, found: Any) -> Any:
    """The number of the first of WIDTH bytes that was found, WIDTH when none was."""
    bits = builder.zext(builder.bitcast(found, ir.IntType(WIDTH)), ir.IntType(64))
    bits = builder.or_(bits, ir.Constant(bits.type, 1 << WIDTH))
    return builder.cttz(bits, ir.Constant(ir.IntType(1), 1))


def _bytes_before(below: int, others: bytes) -> Any:
    """The code of a function: how many of WIDTH bytes come before one less than `below` or one of the others."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        some = _some(context, builder, signature.args, arguments)
        found = builder.icmp_unsigned("<", some, ir.Constant(some.type, [below] * WIDTH))
        for byte in others:
            found = builder.or_(found, builder.icmp_unsigned("==", some, ir.Constant(some.type, [byte] * WIDTH)))
        return _first(builder, found)

    return generate


def _are(context: Any, builder: Any, kinds: Any, arguments: Any, some: Any, byte: int) -> Any:
    """Which of WIDTH bytes are the byte arguments[byte] after the bits arguments[byte + 1] of them were set."""
    sought, fold = (_in_all_places(context, builder, kinds, arguments, some.type, byte + at) for at in (0, 1))
    return builder.icmp_unsigned("==", builder.or_(some, fold), sought)


def _in_all_places(context: Any, builder: Any, kinds: Any, arguments: Any, vector: Any, byte: int) -> Any:
    """WIDTH times the byte arguments[byte]."""
    none = ir.Constant(vector, ir.Undefined)
    value = context.cast(builder, arguments[byte], kinds[byte], types.uint8)
    one = builder.insert_element(none, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, none, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH))


@intrinsic
def before_byte(_typing: Any, data: Any, at: Any, byte: Any, fold: Any) -> Any:
    """How many bytes from `at`, of WIDTH, come before one that is `byte` once its bits `fold` are set.

    `data` and `at` are as `plain_in_quotes` has them.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        some = _some(context, builder, signature.args, arguments, 0)
        return _first(builder, _are(context, builder, signature.args, arguments, some, 2))

    return types.int64(data, at, byte, fold), generate


@intrinsic
def before_pair(
    _typing: Any, data: Any, at: Any, byte: Any, fold: Any, other: Any, other_fold: Any, distance: Any
) -> Any:
    """As `before_byte`, of this byte with the other one so much further on, which must not be behind the end."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        some, further = (_some(context, builder, kinds, arguments, distance) for distance in (0, 6))
        found = _are(context, builder, kinds, arguments, some, 2)
        return _first(builder, builder.and_(found, _are(context, builder, kinds, arguments, further, 4)))

    return types.int64(data, at, byte, fold, other, other_fold, distance), generate


@intrinsic
def plain_in_quotes(_typing: Any, data: Any, at: Any) -> Any:
    """How many bytes from `at`, of WIDTH, come before a quote, a backslash or a control character.

    `data` is a contiguous array of bytes; at + WIDTH must not be behind its end.
    """
    return types.int64(data, at), _bytes_before(32, b'"\\')


@intrinsic
def plain_in_word(_typing: Any, data: Any, at: Any) -> Any:
    """How many bytes from `at`, of WIDTH, come before a blank, a control character, a quote or an equals sign.

    As `plain_in_quotes` has them.
    """
    return types.int64(data, at), _bytes_before(33, b'"=')
