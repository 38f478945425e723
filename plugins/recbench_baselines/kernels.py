"""The loops that array operations cannot express, as plain Python.

They are compiled where they are used (``compiled``); uncompiled they run as they
stand, a thousand times slower. Every loop has a twin in array operations or in the
library it follows, against which the tests hold it.
"""

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]
Places = NDArray[np.int64]
Floats = NDArray[np.float32]

LANES = 8  # numbers in a vector of the processor
LINE = 16  # numbers in a line of the cache
FETCHED = 4  # steps from one to that whose vectors are fetched
FAINT = 1e-3  # of a vector, when what is owed is done
ONE, TWO, AHEAD = np.uint64(1), np.uint64(2), np.uint64(8)  # no sign, no wrapping


def seen(codes: Codes, counts: Places, order: Codes) -> tuple[int, bool]:
    """Count codes and number them by first appearance, in one pass.

    Args:
        codes: Shape ``(n,)``.
        counts: Zeros, shape ``(size,)``; becomes the rows of each code.
        order: Shape ``(size,)``; its start becomes the codes that occur.

    Returns:
        How many codes occur, and whether the rows of each are side by side.
    """
    found = 0
    grouped = True
    last = -1
    for code in codes:
        if code != last:
            if counts[code] == 0:
                order[found] = code
                found += 1
            else:
                grouped = False
            last = code
        counts[code] += 1
    return found, grouped


def group(  # noqa: PLR0917 - a signature names places, not keywords
    codes: Codes, others: Codes, values: Floats, free: Places, to: Codes, put: Floats
) -> None:
    """Copy rows to where those of the same code stand together, in row order.

    Args:
        codes: What is grouped by, shape ``(n,)``.
        others: Shape ``(n,)``; copied into ``to``.
        values: Shape ``(n,)``; copied into ``put``.
        free: First free place of each code, shape ``(size,)``; moves on.
        to: Shape ``(n,)``.
        put: Shape ``(n,)``.
    """
    for row in range(codes.shape[0]):
        place = free[codes[row]]
        free[codes[row]] = place + 1
        to[place] = others[row]
        put[place] = values[row]


def products(
    own: Floats, vectors: Floats, item: np.uint32, second: np.uint32
) -> tuple[np.float32, np.float32, np.float32]:
    """Return the user with the item, the user with the second, the two items."""
    one, two, three = np.float32(0), np.float32(0), np.float32(0)
    for f in range(own.shape[0]):
        one += own[f] * vectors[item, f]
        two += own[f] * vectors[second, f]
        three += vectors[item, f] * vectors[second, f]
    return one, two, three


def move(  # noqa: PLR0917 - likewise
    own: Floats,
    vectors: Floats,
    item: np.uint32,
    second: np.uint32,
    third: np.uint32,
    coming: np.uint32,  # noqa: ARG001 - a hint which row to fetch
    to_user: np.float32,
    to_item: np.float32,
) -> tuple[np.float32, np.float32]:
    """Take a step with an item; return the new user and the second, with the third.

    Compiled, it is ``lanes.wide_move``.
    """
    ahead, gram = np.float32(0), np.float32(0)
    for f in range(own.shape[0]):
        of_user, of_item = own[f], vectors[item, f]
        own[f] = of_user + to_user * of_item
        ahead += own[f] * vectors[third, f]
        gram += vectors[second, f] * vectors[third, f]
        vectors[item, f] = of_item + to_item * of_user
    return ahead, gram


def decays(keep: float) -> tuple[Floats, np.uint64]:
    """Return the powers of what a step leaves of a vector, and how many steps to owe.

    Returns:
        The powers from ``-most - 1`` to ``2 most``, and ``most``: after so many steps
        a thousandth is left, or a quarter of the table is what a core's cache holds.
    """
    most = 1024
    while most > 1 and keep**most < FAINT:
        most //= 2
    powers = np.empty(3 * most + 2, np.float32)
    for place in range(powers.shape[0]):
        powers[place] = keep ** float(place - most - 1)
    return powers, np.uint64(most)


def sgd_epoch(  # noqa: C901, PLR0917 - likewise, and bare loops
    owners: Codes,
    starts: Places,
    items: Codes,
    ratings: Floats,
    mean: np.float32,
    rate: np.float32,
    bias_rate: np.float32,
    reg: np.float32,
    user_bias: Floats,
    item_bias: Floats,
    users: Floats,
    vectors: Floats,
) -> float:
    """Pass once over the ratings, user by user, one step of descent for each.

    The product of a user with an item follows from those with the user before the
    last step and with the last item: both are taken while the step before that is
    made, so that no step waits for the sum it needs.

    What a step takes off a vector by the penalty is the same share each time, so it
    is owed and not done: a vector stands for itself times a power of what is left,
    and the steps and products are those of what it stands for.

    Args:
        owners: The users in the order of the pass, shape ``(m,)``.
        starts: User ``owners[k]`` owns the rows ``starts[k]:starts[k + 1]``.
        items: Item of each row.
        ratings: Rating of each row.
        mean: Added to every prediction.
        rate: Step of the factors.
        bias_rate: Step of the biases; 0 leaves them alone.
        reg: L2 penalty; times ``rate`` it counts as .999 where it is more.
        user_bias: Shape ``(n_users,)``, changed in place, as are the next three.
        item_bias: Shape ``(n_items,)``.
        users: Shape ``(n_users, d)``, ``d`` a multiple of ``LANES``.
        vectors: Shape ``(n_items, d)``.

    Returns:
        The sum of the squared errors, each before its step.
    """
    bias_shrink = bias_rate * reg
    powers, most = decays(max(1 - np.float64(rate) * np.float64(reg), FAINT))
    nothing = most + ONE  # where the power of 0 is
    width, final = users.shape[1], np.uint64(max(items.shape[0] - 1, 0))
    codes = items.view(np.uint32)
    own = np.empty(width, np.float32)
    owed = np.zeros(vectors.shape[0], np.uint32)
    total = 0.0
    for k in range(owners.shape[0]):
        user, start, stop = owners[k], np.uint64(starts[k]), np.uint64(starts[k + 1])
        for f in range(width):
            own[f] = users[user, f]
        bias = user_bias[user]
        while start < stop:
            end = min(stop, start + most)
            item, second = codes[start], codes[min(start + ONE, final)]
            product, ahead, gram = products(own, vectors, item, second)
            age = nothing
            for row in range(start, end):
                third = codes[min(row + TWO, final)]
                coming = codes[min(row + AHEAD, final)]
                of_item = np.uint64(owed[item])
                error = ratings[row] - mean - item_bias[item] - bias
                error -= powers[age + of_item] * product
                total += error * error
                bias += bias_rate * error - bias_shrink * bias
                item_bias[item] += bias_rate * error - bias_shrink * item_bias[item]
                if of_item == most:
                    share = powers[nothing + of_item]
                    for f in range(width):
                        vectors[item, f] *= share
                    gram *= share
                    of_item = np.uint64(0)
                to_user = error * (
                    rate * powers[nothing + nothing + of_item - age - ONE]
                )
                to_item = error * (rate * powers[age - of_item - ONE])
                owed[item] = of_item + ONE
                age += ONE
                product = ahead + to_user * gram
                ahead, gram = move(
                    own, vectors, item, second, third, coming, to_user, to_item
                )
                if item in (second, third):
                    product, ahead, gram = products(own, vectors, second, third)
                item, second = second, third
            for f in range(width):
                own[f] *= powers[age]
            start = end
        user_bias[user] = bias
        for f in range(width):
            users[user, f] = own[f]
    for row in range(vectors.shape[0]):
        share = powers[nothing + np.uint64(owed[row])]
        for f in range(width):
            vectors[row, f] *= share
    return total


def least_squares(  # noqa: C901, PLR0912, PLR0917 - every branch is a bare loop
    first: int,
    last: int,
    indptr: Places,
    indices: Codes,
    fixed: Floats,
    everywhere: Floats,
    penalty: Floats,
    steps: int,
    tolerance: np.float32,
    out: Floats,
) -> None:
    """Solve ``(diag(everywhere + penalty) + V' V) x = V' 1`` for rows of a matrix.

    ``V`` holds the vectors of the row's columns. By conjugate gradients from what
    ``out`` holds, with the diagonal as preconditioner; rows do not depend on each
    other, so that they may be shared out among threads in any way.

    Args:
        first: First row to solve.
        last: The row after the last one.
        indptr: Row ``r`` has the columns ``indices[indptr[r]:indptr[r + 1]]``.
        indices: See there.
        fixed: Vectors of the columns, shape ``(m, d)``.
        everywhere: Shape ``(d,)``.
        penalty: Shape ``(n,)``.
        steps: At most so many.
        tolerance: Of the residual, relative to that of a zero vector, both in the
            norm of the inverted diagonal.
        out: Shape ``(n, d)``; where to start, and the solutions. Rows without
            columns become 0.
    """
    width = fixed.shape[1]
    solution, residual = np.empty(width, np.float32), np.empty(width, np.float32)
    direction, image = np.empty(width, np.float32), np.empty(width, np.float32)
    inverse = np.empty(width, np.float32)
    for row in range(first, last):
        start, stop = indptr[row], indptr[row + 1]
        if start == stop:
            out[row] = 0
            continue
        for f in range(width):
            inverse[f] = np.float32(1) / (everywhere[f] + penalty[row])
            solution[f] = out[row, f]
            residual[f] = -solution[f] / inverse[f]
            image[f] = 0
        for place in range(start, stop):
            column = indices[place]
            product = np.float32(1)
            for f in range(width):
                product -= fixed[column, f] * solution[f]
            for f in range(width):
                residual[f] += product * fixed[column, f]
                image[f] += fixed[column, f]
        length, whole = np.float32(0), np.float32(0)
        for f in range(width):
            direction[f] = inverse[f] * residual[f]
            length += residual[f] * direction[f]
            whole += image[f] * inverse[f] * image[f]
        enough = tolerance * tolerance * whole
        for _ in range(steps):
            if length <= enough:
                break
            for f in range(width):
                image[f] = direction[f] / inverse[f]
            for place in range(start, stop):
                column = indices[place]
                product = np.float32(0)
                for f in range(width):
                    product += fixed[column, f] * direction[f]
                for f in range(width):
                    image[f] += product * fixed[column, f]
            curve = np.float32(0)
            for f in range(width):
                curve += direction[f] * image[f]
            stride = length / curve
            before, length = length, np.float32(0)
            for f in range(width):
                solution[f] += stride * direction[f]
                residual[f] -= stride * image[f]
                length += residual[f] * inverse[f] * residual[f]
            share = length / before
            for f in range(width):
                direction[f] = inverse[f] * residual[f] + share * direction[f]
        for f in range(width):
            out[row, f] = solution[f]


MULTIPLIER, INCREMENT = np.uint64(6364136223846793005), np.uint64(1442695040888963407)
HALF = np.uint64(32)


def others(  # noqa: PLR0917 - likewise
    indptr: Places,
    items: Codes,
    known: Codes,
    redraws: int,
    words: NDArray[np.uint64],
    mark: Codes,
    out: Codes,
) -> None:
    """Draw another item for each positive, again where it is one of the user's.

    A word stands for an item by its upper half; the next word is the next state of a
    linear congruential generator (Knuth's constants).

    Args:
        indptr: User ``u`` has the positives ``items[indptr[u]:indptr[u + 1]]``.
        items: Shape ``(n,)``.
        known: What to draw from, shape ``(m,)``.
        redraws: At most so many for a positive; the last one stands, good or bad.
        words: Random, shape ``(n,)``.
        mark: -1 for each item, shape ``(n_items,)``; changed.
        out: Shape ``(n,)``.
    """
    size = np.uint64(known.shape[0])
    for user in range(indptr.shape[0] - 1):
        for row in range(indptr[user], indptr[user + 1]):
            mark[items[row]] = user
        for row in range(indptr[user], indptr[user + 1]):
            word = words[row]
            item = known[((word >> HALF) * size) >> HALF]
            for _ in range(redraws):
                if mark[item] != user:
                    break
                word = word * MULTIPLIER + INCREMENT
                item = known[((word >> HALF) * size) >> HALF]
            out[row] = item


def fetch(table: Floats, row: np.int32, column: int) -> None:
    """Ask for the line of memory that a number is in; it is needed soon.

    Compiled, it is ``lanes.wide_fetch``.
    """


def pairs_epoch(  # noqa: PLR0917 - likewise
    order: Places,
    users: Codes,
    items: Codes,
    drawn: Codes,
    rate: np.float32,
    bias_rate: np.float32,
    reg: np.float32,
    factors: Floats,
    squares: Floats,
    biases: Floats,
    bias_squares: Floats,
) -> float:
    """Pass once over triples, one step of Adagrad for each: items above those drawn.

    Users and items are rows of the same tables. The factors of a row share the length
    of their steps; a bias has its own.

    Args:
        order: Triples in the order of the pass, shape ``(n,)``.
        users: The user's row in the tables, shape ``(n,)``.
        items: The positive item's row.
        drawn: The other item's row.
        rate: Step of the factors.
        bias_rate: Step of the biases.
        reg: L2 penalty, for each time a row occurs.
        factors: Shape ``(m, d)``, changed in place, as are the next three.
        squares: Sum of the squared gradients of a row's factors, shape ``(m,)``.
        biases: Shape ``(m,)``; those of users stay as they are.
        bias_squares: Shape ``(m,)``.

    Returns:
        The sum of the losses, each before its step.
    """
    width = factors.shape[1]
    total, odds = 0.0, 1.0
    zero, two = np.float32(0), np.float32(2)
    last = order.shape[0] - 1
    for place in range(order.shape[0]):
        triple, coming = order[place], order[min(place + FETCHED, last)]
        for f in range(0, width, LINE):
            fetch(factors, users[coming], f)
            fetch(factors, items[coming], f)
            fetch(factors, drawn[coming], f)
        u, i, j = users[triple], items[triple], drawn[triple]
        of_user, of_item, of_other = zero, zero, zero  # squared lengths
        above, below, across = zero, zero, zero  # products
        for f in range(width):
            w, h, g = factors[u, f], factors[i, f], factors[j, f]
            of_user += w * w
            of_item += h * h
            of_other += g * g
            above += w * h
            below += w * g
            across += h * g
        margin = above - below + biases[i] - biases[j]
        odd = np.exp(-min(max(margin, np.float32(-30)), np.float32(30)))
        odds *= 1.0 + odd  # one logarithm for many
        if odds > 1e200:  # far from overflow
            total += np.log(odds)
            odds = 1.0
        pull = odd / (np.float32(1) + odd)
        # squared lengths of the gradients reg w - pull (h - g), and so on
        both, mixed, own = pull * pull, two * pull * reg, reg * reg
        apart = of_item + of_other - two * across
        squares[u] += max(own * of_user - mixed * (above - below) + both * apart, zero)
        squares[i] += max(own * of_item - mixed * above + both * of_user, zero)
        squares[j] += max(own * of_other + mixed * below + both * of_user, zero)
        step_u = rate / np.sqrt(squares[u])
        step_i, step_j = rate / np.sqrt(squares[i]), rate / np.sqrt(squares[j])
        for f in range(width):
            w, h, g = factors[u, f], factors[i, f], factors[j, f]
            factors[u, f] = w - step_u * (reg * w - pull * (h - g))
            factors[i, f] = h - step_i * (reg * h - pull * w)
            factors[j, f] = g - step_j * (reg * g + pull * w)
        slope = reg * biases[i] - pull
        bias_squares[i] += slope * slope
        biases[i] -= bias_rate * slope / np.sqrt(bias_squares[i])
        slope = reg * biases[j] + pull
        bias_squares[j] += slope * slope
        biases[j] -= bias_rate * slope / np.sqrt(bias_squares[j])
    return float(total + np.log(odds))
