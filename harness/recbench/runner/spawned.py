"""Entry of a cell that is a fresh interpreter: ``python -m ... FOLDER [--torch]``."""

import faulthandler
import os
import sys
from pathlib import Path

from recbench.runner import libraries
from recbench.runner.forkserver import BROKEN, TORCH


def main() -> None:
    """Import what a fork finds loaded, then work on the request.

    A model may notice whether torch is there before it, by the state of torch's
    generator for one: both ways of starting have to look the same to it.
    """
    faulthandler.enable()
    code = BROKEN
    try:
        libraries.preload(torch=TORCH in sys.argv[2:])
        libraries.load(libraries.wanted(Path(sys.argv[1])))
        from recbench.runner import child

        code = child.main(Path(sys.argv[1]))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)  # a plugin's atexit handlers and threads must not block


if __name__ == "__main__":
    main()
