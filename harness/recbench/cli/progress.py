"""Progress on stderr: a live view on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import click


class Progress:
    """Shows which cells run, at which epoch, and how long is left."""

    def __init__(self) -> None:
        """Decide between a live view and plain lines."""
        self.live = sys.stderr.isatty()
        self.bar: Any = None
        self.tasks: dict[int, Any] = {}
        self.overall: Any = None
        self.titles: dict[int, str] = {}
        self.begun: dict[int, float] = {}
        self.done, self.to_run = 0, 0

    def __enter__(self) -> Self:
        """Start the live view."""
        if self.live:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bars

            self.bar = Bars(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=20),
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
        """Print a line for the person who waits."""
        if self.bar is not None:
            self.bar.console.print(line, markup=False, highlight=False)
        else:
            click.echo(line, err=True)

    def listen(self, name: str, data: Mapping[str, Any]) -> None:
        """Show one event of a run."""
        handler = getattr(self, "_" + name.replace("-", "_"), None)
        if handler is not None:
            handler(data)

    def _run_started(self, data: Mapping[str, Any]) -> None:
        self.to_run = data["to_run"]
        cached = data["cells"] - self.to_run
        line = f"{data['cells']} cells: {self.to_run} to run, {cached} from the store"
        if data["estimate"]:
            line += f"; about {data['estimate'] / data['jobs']:.0f} s"
        self.log(f"{line}; {data['jobs']} at once")
        if self.bar is not None and self.to_run:
            self.overall = self.bar.add_task(
                "all cells", total=self.to_run, note=f"0/{self.to_run}"
            )

    def _cell_started(self, data: Mapping[str, Any]) -> None:
        number = data["number"]
        self.titles[number] = data["title"]
        self.begun[number] = time.monotonic()
        if self.bar is not None:
            self.tasks[number] = self.bar.add_task(
                data["title"][:40], total=None, note="starting"
            )

    def _cell_progress(self, data: Mapping[str, Any]) -> None:
        task = self.tasks.get(data["number"])
        if self.bar is None or task is None:
            return
        if "epoch" in data:
            epoch, total = data["epoch"], data.get("epochs")
            note = f"epoch {epoch:g}" + (f"/{total:g}" if total else "")
            if total and epoch:
                spent = time.monotonic() - self.begun[data["number"]]
                note += f", at most {spent / epoch * (total - epoch):.0f} s left"
            self.bar.update(task, total=total, completed=epoch, note=note)
        elif "phase" in data:
            self.bar.update(task, note=str(data["phase"]))

    def _cell_finished(self, data: Mapping[str, Any]) -> None:
        self.done += 1
        record = data["record"]
        mark = "ok" if record.status == "ok" else record.status.upper()
        line = f"[{self.done}/{self.to_run}] {data['title']}: {mark}"
        line += f", {record.seconds.get('total', 0):.1f} s"
        if record.status == "ok" and record.metrics:
            name, figure = next(iter(record.metrics.items()))
            if figure.value is not None:
                line += f", {name} {figure.value:.4f}"
        elif record.message:
            line += f": {record.message.splitlines()[0][:200]}"
        self.log(line)
        task = self.tasks.pop(data["number"], None)
        if self.bar is not None:
            if task is not None:
                self.bar.remove_task(task)
            self.bar.update(
                self.overall, completed=self.done, note=f"{self.done}/{self.to_run}"
            )
