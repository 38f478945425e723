"""Run a contestant in a fresh process of the first interpreter that has its library.

``RECBENCH_PEER_PYTHONS`` (separated like PATH) names interpreters beside this one.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

CONTESTANTS = Path(__file__).with_name("contestants.py")
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA")
MISSING = "No module named"


def others() -> list[str]:
    """Return the interpreters beside this one."""
    named = os.environ.get("RECBENCH_PEER_PYTHONS", "").split(os.pathsep)
    return [python for python in named if python]


def answer(python: str, script: Path, *arguments: str, folder: Path):
    """Return what a script prints last, from JSON; None where it misses a module."""
    done = subprocess.run(
        [python, "-W", "ignore", str(script), *arguments],
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if MISSING in done.stderr:
        return None
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def elsewhere(script: Path, *arguments: str, folder: Path):
    """Return the first answer of the interpreters beside this one, or None."""
    answers = (answer(p, script, *arguments, folder=folder) for p in others())
    return next(filter(None, answers), None)


def seconds(kind: str, name: str, shape: str, share: float = 1.0, rounds: int = 1):
    """Return the round with the fewest processor seconds; None where it is missing.

    Raises:
        RuntimeError: If the library is there and fails.
    """
    own = name in ("recbench", "product")
    found, said = [], ""
    for python in [sys.executable, *([] if own else others())]:
        for _ in range(rounds):
            done = subprocess.run(
                [python, str(CONTESTANTS), kind, name, shape, str(share)],
                env=os.environ | {f"{t}_NUM_THREADS": "1" for t in THREADS},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                said = done.stderr.strip().splitlines()[-1]
                break
            found.append(json.loads(done.stdout.splitlines()[-1]))
        if found:
            return min(found, key=lambda one: one["cpu"])
        if MISSING not in said:
            msg = f"{name}: {said}"
            raise RuntimeError(msg)
    return None
