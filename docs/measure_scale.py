"""Measure what each step costs as the data grow: time and peak memory.

::

    python docs/measure_scale.py --work /tmp/scale --sizes 1e6,1e7 --steps make,import
    python docs/measure_scale.py --work /tmp/scale --table

Every step runs in a fresh process and leaves a line in ``WORK/figures.jsonl``; the
table is made of the newest line of each step and size. Seconds are those of the
processor, all threads together, so that a busy machine says the same; only ``run`` is
measured by the clock. Peak memory is the largest resident set (VmHWM), pages of mapped
files included.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

MODELS: dict[str, dict[str, Any]] = {
    "most-popular": {},
    "item-knn": {},
    "ials": {"embedding_dim": 64, "epochs": 1},
    "sgd-mf": {"embedding_dim": 64, "epochs": 5},
    "two-tower": {"epochs": 1, "patience": 0},
}
RATING = ("sgd-mf",)  # fitted as for predicting ratings, then ranks too
STEPS = ("make", "parquet", "csv", "split", *MODELS, "run")
Figures = dict[str, float]


def timed(figures: Figures, name: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - what is called decides
    """Return what a call returns; note its seconds of processor time."""
    started = time.process_time()
    found = call()
    figures[name] = round(time.process_time() - started, 3)
    return found


def make(work: Path, n: int, figures: Figures) -> None:
    """Write the files."""
    import large

    files = work / f"{n}.parquet", work / f"{n}.csv"
    timed(figures, "make", lambda: large.write(n, *files))


def read_in(work: Path, n: int, figures: Figures, *, ending: str) -> None:
    """Import a file, as ``recbench data import`` does."""
    from recbench.datasets.files import import_file
    from recbench.datasets.importing import store_imported

    path, name = work / f"{n}.{ending}", f"scale-{n}"
    dataset = timed(figures, f"{ending}: read", lambda: import_file(path, name=name))
    timed(
        figures, f"{ending}: store", lambda: store_imported(dataset, cache=work / "c")
    )


def split(work: Path, n: int, figures: Figures) -> None:
    """Open the stored columns, divide them, write what models are given."""
    from recbench import plugins
    from recbench.datasets.imported import imported_specs
    from recbench.datasets.store import open_dataset
    from recbench.runner.prepare import prepare
    from recbench.runner.view import write
    from recbench.suites import top_n_suite

    spec = {s.name: s for s in imported_specs(work / "c")}[f"scale-{n}"]
    opened = timed(figures, "open", lambda: open_dataset(spec, cache_root=work / "c"))
    print_ = timed(figures, "fingerprint", opened.fingerprint)
    suite = top_n_suite(spec.name, threshold=4.0)
    splits = plugins.load().splits
    part = timed(
        figures, "split", lambda: prepare(opened, print_, suite, splits, seed=0)
    )
    timed(figures, "write the view", lambda: write(part.view, work / f"view-{n}"))
    test = part.test
    np.savez(
        work / f"test-{n}.npz", users=test.users, items=test.items, ratings=test.ratings
    )


def model(work: Path, n: int, figures: Figures, *, name: str) -> None:
    """Fit a model, rank everything for all test users, and measure the lists."""
    from recbench import FitContext, plugins
    from recbench.evaluation import measure, scoring
    from recbench.interactions import Interactions
    from recbench.runner.memory import peak_mib
    from recbench.runner.view import read

    view = read(work / f"view-{n}")
    catalogue = plugins.load()
    spec, task = catalogue.models[name], "rating" if name in RATING else "top-n"
    made = plugins.make(spec, task, MODELS[name])
    context = FitContext(task=task, threads=int(os.environ["OMP_NUM_THREADS"]))
    timed(figures, "fit", lambda: made.fit(view.train, context))
    figures["fit: MiB"] = peak_mib() or 0.0
    users, rules = view.ask_users, view.rules(final=True)
    lists, _ = timed(figures, "rank", lambda: scoring.rank(made, users, rules))
    figures["rank: MiB"] = peak_mib() or 0.0
    sizes = {"n_users": view.train.n_users, "n_items": view.train.n_items}
    with np.load(work / f"test-{n}.npz") as found:
        test = replace(Interactions(**found, **sizes), threshold=view.train.threshold)
    metrics = ["ndcg@10", "recall@20", "map@10", "coverage@10"]

    def evaluate() -> Any:  # noqa: ANN401 - values by metric
        scoring.verify_lists(lists, users, rules)
        return measure.of_lists(
            lists,
            users,
            test=test,
            train=view.train,
            candidates=view.candidates,
            relevance=view.relevance,
            names=metrics,
            specs=catalogue.metrics,
            seen=rules.seen,
        )

    values = timed(figures, "evaluate", evaluate)
    figures |= {m: round(measure.figure(values[m]), 4) for m in metrics}


def whole(work: Path, n: int, figures: Figures) -> None:
    """Do what `recbench run` does: all of it, the cell in a process of its own."""
    import recbench

    os.environ["RECBENCH_CACHE"] = str(work / "c")
    params = ",".join(f"{k}={v}" for k, v in MODELS["sgd-mf"].items())
    started = time.perf_counter()
    records = recbench.run(
        [f"scale-{n}/top-n"],
        models=[f"sgd-mf[{params}]"],
        rerun="all",
        out=work / "boards",
        memory=8 * 2**30,
    ).records
    figures["run"] = round(time.perf_counter() - started, 1)
    figures |= {k: round(v, 2) for k, v in records[0].seconds.items()}
    figures["cell: MiB"] = records[0].peak_mib or 0.0
    if records[0].status != "ok":
        raise SystemExit(records[0].message)


def step(name: str, work: Path, n: int) -> Figures:
    """Do one step in this process; return what it cost."""
    from recbench.runner.memory import peak_mib

    figures: Figures = {}
    if name == "make":
        make(work, n, figures)
    elif name in ("parquet", "csv"):
        read_in(work, n, figures, ending=name)
    elif name == "split":
        split(work, n, figures)
    elif name == "run":
        whole(work, n, figures)
    else:
        model(work, n, figures, name=name)
    return {**figures, "MiB": peak_mib() or 0.0}


def run(name: str, work: Path, n: int) -> None:
    """Do one step in a fresh process and keep its figures."""
    command = [sys.executable, __file__, "--work", str(work)]
    command += ["--sizes", str(n), "--steps", name, "--here"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    line = {"step": name, "n": n, **json.loads(done.stdout.splitlines()[-1])}
    print(json.dumps(line), flush=True)
    with (work / "figures.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def table(work: Path) -> str:
    """Return the newest figures as Markdown, with exponents over the sizes."""
    newest: dict[tuple[str, int], dict[str, Any]] = {}
    for line in (work / "figures.jsonl").read_text().splitlines():
        found = json.loads(line)
        newest[found["step"], found["n"]] = found
    sizes = sorted({n for _, n in newest})
    heads = " | ".join(f"{n / 1e6:g} M" for n in sizes)
    lines = [f"| step | figure | {heads} | exponent |"]
    lines.append("|:--|:--|" + "--:|" * (len(sizes) + 1))
    for name in STEPS:
        rows = {n: newest[name, n] for n in sizes if (name, n) in newest}
        kinds = dict.fromkeys(k for row in rows.values() for k in row)
        shown = [k for k in kinds if k not in ("step", "n") and "@" not in k]
        lines += [_row(name, what, rows, sizes) for what in shown]
    return "\n".join(lines)


def _row(
    name: str, what: str, rows: dict[int, dict[str, Any]], sizes: list[int]
) -> str:
    points = [(n, rows[n][what]) for n in sizes if n in rows and what in rows[n]]
    unit = "peak, MiB" if what == "MiB" else what if "MiB" in what else f"{what}, s"
    shown = dict(points)
    cells = [f"{shown[n]:,.4g}" if n in shown else "" for n in sizes]
    power = ""
    if len(points) > 1 and all(y > 0 for _, y in points):
        x, y = np.log(np.array(points, dtype=np.float64)).T
        power = f"{np.polyfit(x, y, 1)[0]:.2f}"
    return f"| {name} | {unit} | {' | '.join(cells)} | {power} |"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for files")
    parser.add_argument("--sizes", default="1e6", help="interactions: 1e6,1e7")
    parser.add_argument("--steps", default=",".join(STEPS))
    parser.add_argument("--here", action="store_true", help="in this process")
    parser.add_argument("--table", action="store_true", help="print what was measured")
    chosen = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    chosen.work.mkdir(parents=True, exist_ok=True)
    if chosen.table:
        print(table(chosen.work))
        return
    for n in (int(float(size)) for size in chosen.sizes.split(",")):
        for name in chosen.steps.split(","):
            if chosen.here:
                print(json.dumps(step(name, chosen.work, n)))
            else:
                run(name, chosen.work, n)


if __name__ == "__main__":
    main()
