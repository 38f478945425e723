"""A run in a process of its own: ``python one_run.py '{"models": [...], ...}'``."""

import json
import sys
from pathlib import Path

from recbench.runner import attempts, launch, supervise
from recbench.runner.api import run_request


def main() -> None:
    """Run what the argument says; print what the listener hears."""
    options = json.loads(sys.argv[1])
    code = options.pop("twin", "")
    if code:
        head = (
            "import recbench.runner.forkserver as f\nimport recbench.runner.processes"
        )
        head += "\nf.libraries.PRELOAD = ('numpy', 'recbench.runner.child')\n"
        head += "f.libraries.NETWORKS = ()\n"
        launch.ForkServer.program = ("-c", f"{head}{code}\nf.main()")
    supervise.GRACE_SECONDS = 0.3
    attempts.PAUSES = (0.05, 0.1)
    options["out"] = Path(options["out"])

    def listen(name: str, data: dict) -> None:
        shown = {k: v for k, v in data.items() if isinstance(v, (int, float, str))}
        print(json.dumps({"event": name, **shown}), flush=True)

    result = run_request(**options, listener=listen)
    sys.exit(result.exit_code)


if __name__ == "__main__":
    main()
