"""What ``kernels`` cannot say to the compiler: vectors of eight, and what comes soon.

Left to itself, a compiler must expect that two rows are the same memory, and checks it
before every pass of ``kernels.move``; and nothing tells it which row comes next, so
that steps wait for memory where all vectors are larger than the cache of a core.
"""

import functools
from typing import Any

import numba.core.types
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic, overload, register_jitable

from recbench_baselines import kernels

LANES = kernels.LANES
Value = Any  # numba and llvmlite ship no types
types: Value = numba.core.types
insert: Value = cgutils.get_or_insert_function
PLACE, REAL = ir.IntType(64), ir.FloatType()
SHORT, BYTE = ir.IntType(32), ir.IntType(8)
VECTOR = ir.VectorType(REAL, LANES)
ZERO = VECTOR([0.0] * LANES)
TO_READ, IN_ALL_CACHES, OF_DATA = SHORT(0), SHORT(3), SHORT(1)


@functools.cache
def install(flags: frozenset[str]) -> None:
    """Let the compiler take what stands here for the functions of ``kernels``.

    Args:
        flags: The liberties that it may take with the rounding of other sums.
    """

    def wide(  # noqa: PLR0917 - the arguments of ``kernels.move``
        own: Value,
        vectors: Value,
        item: Value,
        second: Value,
        third: Value,
        coming: Value,
        to_user: Value,
        to_item: Value,
    ) -> Value:
        return move(own, vectors, item, second, third, coming, to_user, to_item)

    def hint(table: Value, row: Value, column: Value) -> Value:
        return ask(table, row, column)

    move: Value = wide_move
    ask: Value = wide_fetch
    overload(kernels.fetch, inline="always", strict=False)(lambda *_: hint)
    overload(kernels.move, inline="always", strict=False)(lambda *_: wide)
    for helper in (kernels.products, kernels.decays):
        register_jitable(fastmath=set(flags))(helper)


@intrinsic
def wide_move(  # noqa: PLR0917 - likewise
    _typing: Value,
    own: Value,
    vectors: Value,
    item: Value,
    second: Value,
    third: Value,
    coming: Value,
    to_user: Value,
    to_item: Value,
) -> Value:
    """Do what ``kernels.move`` does, and fetch the row that is coming."""
    pair = types.UniTuple(types.float32, 2)
    signature = pair(own, vectors, item, second, third, coming, to_user, to_item)

    def generate(
        context: Value, builder: Value, signature: Value, args: Value
    ) -> Value:
        user, items = (
            context.make_array(signature.args[k])(context, builder, args[k])
            for k in (0, 1)
        )
        width = builder.extract_value(user.shape, 0)
        codes = [builder.zext(code, PLACE) for code in args[2:6]]
        rows = [builder.gep(items.data, [builder.mul(c, width)]) for c in codes]
        rates = spread(builder, args[6]), spread(builder, args[7])
        sums = passed(builder, width, (user.data, *rows), rates)
        return context.make_tuple(builder, signature.return_type, sums)

    return signature, generate


@intrinsic
def wide_fetch(_typing: Value, table: Value, row: Value, column: Value) -> Value:
    """Do what ``kernels.fetch`` is for."""
    signature = types.void(table, row, column)

    def generate(
        context: Value, builder: Value, signature: Value, args: Value
    ) -> Value:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        width = builder.extract_value(array.shape, 1)
        start = builder.mul(builder.sext(args[1], PLACE), width)
        fetch(builder, builder.gep(array.data, [builder.add(start, args[2])]))
        return context.get_dummy_value()

    return signature, generate


def passed(builder: Value, width: Value, rows: Value, rates: Value) -> list[Value]:
    """Build the loop over the factors; return the two products after it.

    It takes sixteen at a time, into sums of their own for each half, so that no sum
    waits for the one before; where eight are over, they come first.
    """
    before = builder.block
    odd, even, loop, after = (
        builder.append_basic_block(name) for name in ("odd", "even", "pass", "passed")
    )
    over = builder.and_(width, PLACE(LANES))
    builder.cbranch(builder.icmp_signed("!=", over, PLACE(0)), odd, even)
    builder.position_at_end(odd)
    fetch(builder, rows[-1])
    sums = eight(builder, rows[:-1], rates, [ZERO, ZERO])
    builder.branch(even)
    builder.position_at_end(even)
    one = [chosen(builder, (ZERO, before), (total, odd)) for total in sums]
    builder.cbranch(builder.icmp_signed("<", over, width), loop, after)
    builder.position_at_end(loop)
    state = [builder.phi(kind) for kind in (PLACE, *[VECTOR] * 4)]
    both = sixteen(builder, rows, rates, state)
    following = builder.add(state[0], PLACE(2 * LANES))
    first, later = (over, *one, ZERO, ZERO), (following, *both)
    for phi, *values in zip(state, first, later, strict=True):
        for value, block in zip(values, (even, loop), strict=True):
            phi.add_incoming(value, block)
    builder.cbranch(builder.icmp_signed("<", following, width), loop, after)
    builder.position_at_end(after)
    left, right = (
        [chosen(builder, (start, even), (end, loop)) for start, end in pairs]
        for pairs in (zip(one, both[:2], strict=True), ((ZERO, t) for t in both[2:]))
    )
    return [
        added(builder, builder.fadd(*halves))
        for halves in zip(left, right, strict=True)
    ]


def chosen(builder: Value, *ways: tuple[Value, Value]) -> Value:
    """Return the value that belongs to the block from where the code came."""
    phi = builder.phi(ways[0][0].type)
    for value, block in ways:
        phi.add_incoming(value, block)
    return phi


def sixteen(builder: Value, rows: Value, rates: Value, state: Value) -> list[Value]:
    """Fetch a line of the coming row; move two times eight factors; return the sums."""
    place, *sums = state
    fetch(builder, builder.gep(rows[-1], [place]))
    grown = []
    for half in (0, 1):
        here = builder.add(place, PLACE(half * LANES))
        at = [builder.gep(row, [here]) for row in rows[:-1]]
        grown += eight(builder, at, rates, sums[2 * half : 2 * half + 2])
    return grown


def eight(builder: Value, places: Value, rates: Value, sums: Value) -> list[Value]:
    """Move eight factors of the user and of the item; return the sums so far.

    Args:
        builder: Of the code.
        places: In the rows of the user, the item, the second, the third.
        rates: The step of the user and that of the item; vectors.
        sums: Of the user with the third item and of the second with the third.
    """
    fused = insert(
        builder.module, ir.FunctionType(VECTOR, [VECTOR] * 3), "llvm.fmuladd.v8f32"
    )
    to_user, to_item = rates
    at = [builder.bitcast(place, VECTOR.as_pointer()) for place in places]
    p, q, second, third = (builder.load(here, align=4) for here in at)
    moved = builder.call(fused, [to_user, q, p])
    turned = builder.call(fused, [to_item, p, q])
    builder.store(moved, at[0], align=4)
    builder.store(turned, at[1], align=4)
    return [
        builder.call(fused, [left, third, total])
        for left, total in zip((moved, second), sums, strict=True)
    ]


def fetch(builder: Value, place: Value) -> None:
    """Ask for memory that is needed soon."""
    address = BYTE.as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [address, SHORT, SHORT, SHORT])
    function = builder.module.declare_intrinsic("llvm.prefetch", (address,), kind)
    start = builder.bitcast(place, address)
    builder.call(function, [start, TO_READ, IN_ALL_CACHES, OF_DATA])


def spread(builder: Value, value: Value) -> Value:
    """Return a vector that holds a number in every lane."""
    empty = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(empty, value, SHORT(0))
    lanes = ir.VectorType(SHORT, LANES)([0] * LANES)
    return builder.shuffle_vector(first, empty, lanes)


def added(builder: Value, vector: Value) -> Value:
    """Return the sum of the lanes, by halves."""
    while vector.type.count > 1:
        half = vector.type.count // 2
        chosen = ir.VectorType(SHORT, half)
        low, high = (
            builder.shuffle_vector(vector, vector, chosen(list(range(k, k + half))))
            for k in (0, half)
        )
        vector = builder.fadd(low, high)
    return builder.extract_element(vector, SHORT(0))
