"""Run the comparisons with other libraries and write them into a page.

    python docs/measure_performance.py                 # docs/performance.md
    python docs/measure_performance.py --part sgd      # what pytest -k finds, again
    python docs/measure_performance.py --json old.json # the page of an earlier run

Libraries that cannot share an environment run in interpreters that the variable
RECBENCH_PEER_PYTHONS names; what is missing is skipped, and the page says so.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
LEFT = DOCS.parent / ".benchmarks" / "performance.json"
BENCHES = [
    "test_commands.py",
    "test_evaluation.py",
    "test_peers.py",
    "test_factorization_speed.py",
    "test_epochs.py",
    "test_sequences.py",
    "test_dataloader_loop.py",
]
COMMENTS = DOCS / "performance-comments.md"


def measure(file: Path, part: str = "") -> int:
    """Run the benchmarks one after another; return pytest's exit status."""
    file.parent.mkdir(exist_ok=True)
    tests = [str(DOCS.parent / "tests" / "bench" / name) for name in BENCHES]
    options = ["--benchmark-only", f"--benchmark-json={file}", "-rsf", "-q"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *tests, *options, "-k", part],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # as implicit asks
        check=False,
    ).returncode


def measure_again(file: Path, part: str) -> int:
    """Measure a part, and put it where it was in the file of the last run."""
    fresh = file.with_suffix(".part.json")
    status = measure(fresh, part)
    run = json.loads(file.read_text("utf-8"))
    again = json.loads(fresh.read_text("utf-8"))["benchmarks"]
    by_name = {one["fullname"]: one for one in (*run["benchmarks"], *again)}
    run["benchmarks"] = list(by_name.values())
    file.write_text(json.dumps(run), encoding="utf-8")
    return status


def shown(value: object) -> str:
    """Return a figure with three digits, anything else as it is."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def table(found: list[dict[str, Any]]) -> str:
    """Return a table of benchmarks of one group, a column for each thing noted."""
    notes = list(dict.fromkeys(key for one in found for key in one["extra_info"]))
    lines = ["| " + " | ".join(["case", "seconds", *notes]) + " |"]
    lines.append("|:--|" + "--:|" * (1 + len(notes)))
    for one in found:
        name = (one["param"] or one["name"]).removeprefix("test_").split("-agree")[0]
        cells = [shown(one["extra_info"].get(key, "")) for key in notes]
        lines.append(f"| {name} | {one['stats']['min']:.3g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def page(run: dict[str, Any]) -> str:
    """Return the page of a run of pytest-benchmark."""
    groups = defaultdict(list)
    for one in run["benchmarks"]:
        groups[one["group"] or one["name"].partition("[")[0]].append(one)
    machine = run["machine_info"].get("recbench", {})
    facts = ", ".join(f"{key} {machine[key]}" for key in ("cpu", "cores") if machine)
    parts = [COMMENTS.read_text("utf-8").rstrip(), f"Machine: {facts}."]
    for name in sorted(groups):
        parts += [f"## {name.replace('_', ' ')}", table(groups[name])]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """Measure unless a file is given, then write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="what an earlier run left")
    parser.add_argument("--part", help="measure only this, keep the rest as it is")
    given = parser.parse_args()
    file, status = given.json or LEFT, 0
    if given.part:
        status = measure_again(file, given.part)
    elif not given.json:
        status = measure(file)
    text = page(json.loads(file.read_text("utf-8")))
    (DOCS / "performance.md").write_text(text, encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
