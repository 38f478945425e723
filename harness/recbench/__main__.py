"""``python -m recbench``: the command line of this interpreter's recbench."""

from recbench.cli.main import main

main()
