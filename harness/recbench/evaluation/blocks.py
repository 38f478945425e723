"""Work on blocks of users, in as many threads as the harness grants.

NumPy lets go of the interpreter in everything that is heavy here, so threads are
enough. What a model is asked is always asked from the calling thread: a model need
not know that there are others.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def parts_of(n: int, size: int) -> Iterator[slice]:
    """Yield slices of ``size`` rows that cover ``n``, the last one shorter."""
    for start in range(0, n, size):
        yield slice(start, min(n, start + size))


def in_blocks(
    parts: Iterable[slice],
    prepare: Callable[[slice], T],
    work: Callable[[slice, T], None],
    threads: int,
) -> None:
    """Call ``work(part, prepare(part))`` for every part.

    Args:
        parts: Rows of a block each.
        prepare: Called from this thread, in order; at most two blocks a thread ahead.
        work: Called from ``threads`` threads; writes to rows of its part alone.
        threads: How many work at once; with 1 there is no other thread.
    """
    some = list(parts)
    if threads == 1 or len(some) == 1:  # one user asked alone starts no threads
        for part in some:
            work(part, prepare(part))
        return
    from threadpoolctl import threadpool_limits

    waiting: deque[Future[None]] = deque()
    with (
        threadpool_limits(1, user_api="blas"),
        ThreadPoolExecutor(threads, thread_name_prefix="recbench-rank") as pool,
    ):
        for part in some:
            if len(waiting) == 2 * threads:
                waiting.popleft().result()
            waiting.append(pool.submit(work, part, prepare(part)))
        while waiting:
            waiting.popleft().result()
