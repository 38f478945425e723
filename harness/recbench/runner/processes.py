"""Processes as the kernel shows them: who descends from whom, and ending all of them.

Everything here works on Linux; elsewhere, where there is no ``/proc``, a session is
known by its leader alone.
"""

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Collection
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
SWEEP_SECONDS = 5.0


def prctl(option: int, value: int) -> None:
    """Ask the Linux kernel for a process attribute; elsewhere do nothing."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def die_with_parent(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent ends.

    Args:
        parent: The parent's id, taken before this process was started.
        number: The signal.
    """
    prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os._exit(70)  # the parent ended before the line above took effect


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent has ended."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def processes() -> list[tuple[int, int, int]]:
    """Return (pid, parent, session) of every process that /proc shows."""
    found = []
    try:
        numbers = [name for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - ten times faster, and this runs often
    except OSError:
        return []
    for number in numbers:
        with contextlib.suppress(OSError, ValueError, IndexError):
            stat = Path(f"/proc/{number}/stat").read_bytes()
            # the command may hold spaces and parentheses: read after the last one
            fields = stat.rpartition(b")")[2].split()
            found.append((int(number), int(fields[1]), int(fields[3])))
    return found


def session_members(session: int) -> list[int]:
    """Return the processes of a session; empty where there is no /proc."""
    return [pid for pid, _, held in processes() if held == session]


def descendants(root: int, spared: Collection[int] = ()) -> list[int]:
    """Return the processes below ``root``, whatever session they moved to.

    Args:
        root: A process.
        spared: Processes that are left out, with all below them.
    """
    children: dict[int, list[int]] = {}
    for pid, parent, _ in processes():
        if pid not in spared:
            children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.pop(waiting.pop(), [])
        found += below
        waiting += below
    return found


def any_below() -> bool:
    """Return whether a process below this one is left; it must adopt orphans.

    Asked of the kernel, since looking through all processes takes milliseconds.
    """
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    except AttributeError:  # a system without it
        pass
    return True


def signal_all(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to processes; those that have ended do not matter."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def kill_group(leader: int) -> None:
    """Kill every process of a group."""
    with contextlib.suppress(OSError):
        os.killpg(leader, signal.SIGKILL)


def kill_session(session: int) -> None:
    """Kill every process of a session, those that changed group included."""
    kill_group(session)
    signal_all(session_members(session), signal.SIGKILL)


def kill_below(spared: Collection[int] = ()) -> None:
    """Kill and collect every descendant of this process that is not spared.

    They are stopped before they are killed: what forks faster than it is found would
    otherwise escape.

    Args:
        spared: Processes that stay, with all below them.
    """
    until = time.monotonic() + SWEEP_SECONDS
    while any_below() and time.monotonic() < until:
        stopped: set[int] = set()
        while fresh := set(descendants(os.getpid(), spared)) - stopped:
            signal_all(sorted(fresh), signal.SIGSTOP)
            stopped |= fresh
        if not stopped:
            return
        signal_all(sorted(stopped), signal.SIGKILL)
        for pid in stopped:
            with contextlib.suppress(OSError):  # only a child of ours can be collected
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.002)


def exceeds(root: int, limit: int) -> int:
    """Return the memory of all processes below ``root``, 0 if within a limit.

    What processes share counts once. That is costly to find out, so it is asked only
    where the simple sum is above the limit.

    Args:
        root: A process; it does not count itself.
        limit: Bytes.
    """
    pids = descendants(root)
    if sum(_resident(pid) for pid in pids) <= limit:
        return 0
    used = sum(_proportional(pid) for pid in pids)
    return used if used > limit else 0


def _resident(pid: int) -> int:
    """Return the resident bytes of a process, 0 if it has ended."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        statm = Path(f"/proc/{pid}/statm").read_text(encoding="ascii")
        return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _proportional(pid: int) -> int:
    """Return the resident bytes of a process with its part of what it shares."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        for line in text.splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return _resident(pid)


def kernel_kills() -> int:
    """Return how often the kernel has killed for lack of memory; 0 if unknown."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
