"""Entry of a cell process that is a fresh interpreter: ``python -m ... FOLDER``."""

import contextlib
import faulthandler
import os
import signal
import sys
from pathlib import Path

from recbench.runner import child
from recbench.runner.forkserver import PR_SET_PDEATHSIG, prctl


def main() -> None:
    """Die with the parent, then work on the request."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    faulthandler.enable()
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    code = 70
    try:
        code = child.main(Path(sys.argv[1]))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)  # a plugin's atexit handlers and threads must not block


if __name__ == "__main__":
    main()
