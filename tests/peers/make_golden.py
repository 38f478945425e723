"""Store what the peers themselves make of the cases, in ``golden/<dialect>.json``.

    python tests/peers/make_golden.py [--python PATH]... [--path FOLDER]... [NAME]...

Each peer is run by the first interpreter that can import it: each ``--python``, then
this one. ``--path`` adds folders with unpacked wheels or checkouts. The notebook
is read from ``$RECBENCH_NOTEBOOK``. Peers that no interpreter can run keep their file.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden"
PEERS = (
    "recbole",
    "elliot",
    "warprec",
    "lenskit",
    "cornac",
    "recommenders",
    "rectools",
    "recpack",
    "ranx",
    "trec_eval",
    "implicit",
    "omnirec",
    "daisyrec",
    "notebook",
)


def run_peer(name, interpreters, paths=()):
    """Return a peer's output from the first interpreter that has it, else None."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    for interpreter in interpreters:
        done = subprocess.run(
            [str(interpreter), str(HERE / "peer_libraries.py"), name],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return json.loads(done.stdout)
        missing = ("ModuleNotFoundError", "PackageNotFoundError", "RECBENCH_NOTEBOOK")
        if not any(word in done.stderr for word in missing):
            raise RuntimeError(done.stderr)
    return None


def main():
    """Run the peers that are asked for and write their files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=PEERS)
    parser.add_argument("--python", action="append", default=[])
    parser.add_argument("--path", action="append", default=[])
    given = parser.parse_args()
    GOLDEN.mkdir(exist_ok=True)
    for name in given.names or PEERS:
        output = run_peer(name, [*given.python, sys.executable], given.path)
        if output is None:
            print(f"{name}: no interpreter can import it, kept as it is")
            continue
        text = json.dumps(output, indent=1, sort_keys=True)
        (GOLDEN / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
        print(f"{name}: {output['package']} {output['version']}")


if __name__ == "__main__":
    main()
