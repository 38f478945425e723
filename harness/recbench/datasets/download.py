"""Downloading a file: all of it, or nothing.

Bytes go into a temporary file with a name of its own beside the target. Only when
their number and checksum are right is it flushed and renamed; whatever happens before,
no file of that name appears. Two processes may do the same at once without a lock.
"""

import http.client
import re
import shutil
import time
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recbench.datasets.answers import retry_after, validator
from recbench.datasets.http import TransientError, UnreachableError, open_url
from recbench.datasets.part import Part
from recbench.errors import DataError

PROGRESS = 1 << 20  # so many new bytes and the attempts count from one again
CHUNK = 1 << 16
TRANSIENT = (408, 425, 429, 500, 502, 503, 504)
HTTP_PARTIAL, HTTP_BAD_RANGE = 206, 416


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much and how long.

    Attributes:
        max_bytes: Largest file accepted.
        connect_seconds: To find and reach the server, in all.
        stall_seconds: Longest wait for the next bytes.
        slowest: Fewest bytes per second, over ``stall_seconds``.
        attempts: Failures in a row (without new bytes) before giving up.
        patience_seconds: Waiting between attempts, in all.
    """

    max_bytes: int = 1 << 30
    connect_seconds: float = 5.0
    stall_seconds: float = 30.0
    slowest: float = 1024.0
    attempts: int = 5
    patience_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    url: str
    limits: Limits
    loopback: bool
    log: Callable[[str], None]
    sleep: Callable[[float], None]


def download(
    url: str,
    path: Path,
    *,
    sha256: str | None = None,
    md5: str | None = None,
    limits: Limits | None = None,
    loopback: bool = False,
    log: Callable[[str], None] = lambda _line: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Path:
    """Fetch ``url`` into ``path``.

    Args:
        url: An https address.
        path: Where the file goes; its folder is made.
        sha256: What the file must hash to, if known.
        md5: Likewise; guards against damage only.
        limits: Sizes and times.
        loopback: Whether plain http to this machine is fine too (for tests).
        log: Takes one line about each new attempt.
        sleep: How to wait (for tests).

    Returns:
        ``path``.

    Raises:
        UnreachableError: If nobody answers there.
        DataError: If the file cannot be had, is not what was promised, or cannot be
            written.
    """
    job = _Job(
        url=url, limits=limits or Limits(), loopback=loopback, log=log, sleep=sleep
    )
    with Part(path) as part:
        resumed = _fill(part, job)
        if resumed and not part.matches(sha256, md5):
            log(f"{url}: the pieces do not fit together, starting again")
            part.restart()
            _fill(part, job)
        part.check(url, sha256=sha256, md5=md5)
        part.commit()
    return path


def _fill(part: Part, job: _Job) -> bool:
    """Bring the whole body into ``part``; return whether it was resumed anywhere."""
    failures, waited, best, resumed = 0, 0.0, 0, False
    while True:
        try:
            return _attempt(part, job) or resumed
        except TransientError as error:
            if part.size >= best + PROGRESS:
                failures = 0
            best = max(best, part.size)
            failures += 1
            pause = error.wait if error.wait is not None else 0.5 * 2 ** (failures - 1)
            waited += pause
            if failures >= job.limits.attempts or waited > job.limits.patience_seconds:
                msg = f"{job.url} cannot be downloaded: {error} "
                if error.wait is not None and failures < job.limits.attempts:
                    msg += f"(it asks to wait {error.wait:g} s); try again later"
                else:
                    msg += f"({failures} attempts, {part.size:,} bytes received)"
                raise DataError(msg) from error
            resumed = resumed or part.size > 0
            job.log(f"{job.url}: {error}; next attempt in {pause:g} s")
            job.sleep(pause)


def _attempt(part: Part, job: _Job) -> bool:
    """Ask once, for the rest if some is here already; return whether it was."""
    headers = {}
    if part.size and part.validator:
        headers = {"Range": f"bytes={part.size}-", "If-Range": part.validator}
    else:
        part.restart()
    try:
        response = open_url(
            job.url,
            headers=headers,
            connect_seconds=job.limits.connect_seconds,
            stall_seconds=job.limits.stall_seconds,
            loopback=job.loopback,
        )
    except urllib.error.HTTPError as error:
        raise _from_status(error, part, job) from error
    except UnreachableError as error:
        if not part.size:
            raise
        raise TransientError(str(error)) from error
    with response:
        resumed = response.status == HTTP_PARTIAL and bool(headers)
        total = _expected(response, part, job, resumed=resumed)
        _stream(response, part, job, total)
    return resumed


def _from_status(
    error: urllib.error.HTTPError, part: Part, job: _Job
) -> DataError | TransientError:
    """Return what an error status means."""
    error.close()
    answer = f"the server answers {error.code} {error.reason}"
    if error.code == HTTP_BAD_RANGE and part.size:
        part.restart()
        return TransientError(answer)
    if error.code in TRANSIENT:
        return TransientError(answer, retry_after(error.headers.get("Retry-After")))
    return DataError(f"{job.url} cannot be downloaded: {answer}")


def _expected(
    response: http.client.HTTPResponse, part: Part, job: _Job, *, resumed: bool
) -> int | None:
    """Return the size the whole file will have, if the server says; check it."""
    coding = response.headers.get("Content-Encoding", "identity")
    if coding.lower() != "identity":
        msg = f"{job.url} comes with encoding {coding!r}, which was not asked for"
        raise DataError(msg)
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdigit() else None
    if resumed:
        field = response.headers.get("Content-Range", "")
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", field.strip())
        if found is None or int(found[1]) != part.size:
            part.restart()
            msg = f"the server sent the wrong piece ({field or 'no Content-Range'})"
            raise TransientError(msg)
        total = None if found[2] == "*" else int(found[2])
    else:
        if response.status == HTTP_PARTIAL:
            msg = f"{job.url} sends a piece where the whole was asked for"
            raise DataError(msg)
        part.restart()
        part.validator = validator(response)
    if total is not None:
        _check_room(total, part, job)
    return total


def _check_room(total: int, part: Part, job: _Job) -> None:
    """Refuse a file that is too large, for us or for the disk."""
    if total > job.limits.max_bytes:
        msg = (
            f"{job.url} is {total:,} bytes long, more than the "
            f"{job.limits.max_bytes:,} expected: refused"
        )
        raise DataError(msg)
    free = shutil.disk_usage(part.path.parent).free
    if free < total - part.size:
        raise part.full(needed=total - part.size, free=free)


def _stream(
    response: http.client.HTTPResponse, part: Part, job: _Job, total: int | None
) -> None:
    """Append the body to ``part``."""
    limits = job.limits
    marked, since = part.size, time.monotonic()
    while True:
        try:
            chunk = response.read1(CHUNK)  # read() would wait for a slow drip to fill
        except (OSError, http.client.HTTPException) as error:
            name = type(error).__name__
            msg = f"the connection broke after {part.size:,} bytes ({name})"
            raise TransientError(msg) from error
        if not chunk:
            break
        part.write(chunk)
        part.refuse_page(job.url)
        if part.size > limits.max_bytes:
            msg = (
                f"{job.url} does not end after the {limits.max_bytes:,} bytes "
                "expected: refused"
            )
            raise DataError(msg)
        elapsed = time.monotonic() - since
        if elapsed >= limits.stall_seconds:
            if part.size - marked < limits.slowest * elapsed:
                msg = f"fewer than {limits.slowest:g} bytes a second arrive"
                raise TransientError(msg)
            marked, since = part.size, time.monotonic()
    if total is not None and part.size != total:
        msg = f"only {part.size:,} of {total:,} bytes arrived"
        if part.size > total:
            part.restart()
        raise TransientError(msg)
