"""One job to its end: again when the machine failed, never when the model did.

Engines call :func:`attempt` where the cell runs: in a thread of this machine, or in a
task on a cluster.
"""

import json
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from recbench.runner.engines import Job
from recbench.runner.launch import Launcher, LaunchError
from recbench.runner.shelf import Shelf
from recbench.runner.supervise import Outcome, supervise, troubled

PAUSES = (0.5, 2.0)  # seconds before the second and the third try
WROTE = "it wrote into the files of its training data"

Tell = Callable[[Mapping[str, Any]], None]


def attempt(
    launch: Callable[[], Launcher],
    job: Job,
    *,
    shelf: Shelf,
    halt: threading.Event,
    tell: Tell,
) -> Outcome:
    """Run a job; where the machine or the harness failed, try again twice.

    Args:
        launch: Returns a launcher that can start processes.
        job: What to run; its folder gets the outputs of the last try.
        shelf: Holds the views.
        halt: When set, everything stops.
        tell: Called with every event.
    """
    history: list[str] = []
    private = False
    for number in range(1 + len(PAUSES)):
        outcome = _once(launch, job, shelf=shelf, private=private, halt=halt, tell=tell)
        outcome.warnings = [f"tried again: {reason}" for reason in history]
        last = number == len(PAUSES) or not outcome.retry
        if not outcome.trouble or last or halt.wait(PAUSES[number]):
            break
        history.append(outcome.trouble)
        # what damaged the shared view did it to this cell, or was this cell
        private = shelf.damaged(job.request["view"])
    return outcome


def _once(
    launch: Callable[[], Launcher],
    job: Job,
    *,
    shelf: Shelf,
    private: bool,
    halt: threading.Event,
    tell: Tell,
) -> Outcome:
    """Run a job once; whatever fails outside its process is trouble."""
    try:
        shutil.rmtree(job.folder, ignore_errors=True)
        job.folder.mkdir(parents=True)
        shared = Path(job.request["view"])
        private = private or shelf.damaged(str(shared))
        view = shelf.copy(shared, job.folder / "view") if private else shared
        _write_request(job, view)
        outcome = supervise(
            launch(),
            job.folder,
            env=job.env,
            limits=job.limits,
            halt=halt,
            tell=tell,
            questions=shelf.questions(shared),
        )
        if not shelf.intact(shared, view):
            return _blamed(outcome) if private else troubled(_spoilt(outcome))
    except (OSError, LaunchError) as error:
        return troubled(f"{error}" or type(error).__name__)
    return outcome


def _write_request(job: Job, view: Path) -> None:
    """Write what the child is asked."""
    request = dict(job.request) | {"view": str(view)}
    if job.limits.timeout is not None:
        request["deadline"] = time.monotonic() + job.limits.timeout
    path = job.folder / "request.json"
    path.write_text(json.dumps(request), encoding="utf-8")


def _spoilt(outcome: Outcome) -> str:
    return f"its training data changed on disk while it ran ({outcome.status})"


def _blamed(outcome: Outcome) -> Outcome:
    """Return the outcome of a cell that was alone with data which changed."""
    outcome.status, outcome.message, outcome.trouble = "invalid", WROTE, ""
    return outcome
