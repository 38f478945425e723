"""Starts real ``recbench`` commands fast: a process that has all imported, and forks.

Each line on stdin holds a command's words and the file for its stderr; each answer on
stdout is the process id, and later its exit status.
"""

import importlib
import json
import os
import signal
import sys

for name in (
    "recbench.cli.main",
    "recbench.cli.run",
    "recbench.cli.leaderboard",
    "recbench.api",
    "recbench.runner.api",
    "recbench.leaderboard.publish",
    "pandas",
    "matplotlib.pyplot",
    "scipy.sparse",
):
    importlib.import_module(name)

from recbench.cli.main import main  # noqa: E402 - after the slow ones
from recbench.runner import launch  # noqa: E402 - likewise

LIGHT = """
import recbench.runner.forkserver as f
f.libraries.PRELOAD, f.libraries.NETWORKS = ('numpy', 'recbench.runner.child'), ()
f.main()
"""


def become(words: list[str], stderr: str) -> None:
    """Be the command."""
    os.setsid()
    out = os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for number in (1, 2):
        os.dup2(out, number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    launch.ForkServer.program = ("-c", LIGHT)
    sys.argv = ["recbench", *words]
    code = 70
    try:
        main()
    except SystemExit as error:
        code = int(error.code or 0)
    finally:
        sys.stderr.flush()
        os._exit(code)


def serve() -> None:
    """Start a command per line and wait for its end."""
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        words, stderr = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(words, stderr)
        print(json.dumps(pid), flush=True)
        _, status = os.waitpid(pid, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


if __name__ == "__main__":
    serve()
