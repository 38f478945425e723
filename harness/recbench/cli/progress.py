"""Progress on stderr: a live view on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from recbench.runner.lines import Lines


class Progress(Lines):
    """Shows which cells run, at which epoch, and how long is left."""

    def __init__(self) -> None:
        """Decide between a live view and plain lines."""
        super().__init__(sys.stderr)
        self.bar: Any = None
        self.overall: Any = None
        self.tasks: dict[int, Any] = {}
        self.begun: dict[int, float] = {}

    def __enter__(self) -> Self:
        """Start the live view."""
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bars

            self.bar = Bars(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=16),
                TextColumn("{task.fields[note]}", markup=False),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the live view."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def log(self, line: str) -> None:
        """Print a line above the live view."""
        if self.bar is not None:
            self.bar.console.print(line, markup=False, highlight=False)
        else:
            super().log(line)

    def listen(self, name: str, data: Mapping[str, Any]) -> None:
        """Show one event of a run."""
        super().listen(name, data)
        shown = {
            "run-started": self._start,
            "cell-started": self._add,
            "cell-progress": self._move,
            "cell-finished": self._remove,
        }
        if self.bar is not None and name in shown:
            shown[name](data)

    def _start(self, data: Mapping[str, Any]) -> None:
        if data["to_run"]:
            self.overall = self.bar.add_task(
                "all cells", total=data["to_run"], note=f"0/{data['to_run']}"
            )

    def _add(self, data: Mapping[str, Any]) -> None:
        number = data["number"]
        self.begun[number] = time.monotonic()
        title = data["title"] if len(data["title"]) < 36 else data["title"][:35] + "…"
        self.tasks[number] = self.bar.add_task(title, total=None, note="starting")

    def _move(self, data: Mapping[str, Any]) -> None:
        number = data["number"]
        if number not in self.tasks:
            return
        if "epoch" in data:
            epoch, total = data["epoch"], data.get("epochs")
            note = f"epoch {epoch:g}" + (f"/{total:g}" if total else "")
            if total and epoch:
                spent = time.monotonic() - self.begun[number]
                note += f", at most {spent / epoch * (total - epoch):.0f} s left"
            self.bar.update(self.tasks[number], total=total, completed=epoch, note=note)
        elif "phase" in data:
            self.bar.update(self.tasks[number], note=str(data["phase"]))

    def _remove(self, data: Mapping[str, Any]) -> None:
        task = self.tasks.pop(data["number"], None)
        if task is not None:
            self.bar.remove_task(task)
        self.bar.update(
            self.overall, completed=self.done, note=f"{self.done}/{self.to_run}"
        )
