"""What the canaries did, as text, Markdown and JSON."""

import dataclasses
import json
import math
from collections.abc import Callable, Sequence

from recbench.audit.canaries.song import Song
from recbench.leaderboard.escape import clean, markdown, markdown_code
from recbench.leaderboard.grid import grid

HEADER = ["Canary", "Task", "Through", "Metric", "Reached", "May reach", "z", "Verdict"]
ALIGN = "llllrrrl"


def headline(songs: Sequence[Song]) -> str:
    """Return what all canaries together say."""
    singing = [s for s in songs if s.verdict == "sings"]
    lost = [s for s in songs if s.verdict == "lost"]
    if singing:
        names = ", ".join(f"{s.group} {s.name} ({s.task})" for s in singing)
        return f"{len(singing)} of {len(songs)} canaries sing, so labels leak: {names}."
    if lost:
        return (
            f"No canary sings, but {len(lost)} of {len(songs)} were lost: their cells "
            f"failed ({lost[0].name}: {lost[0].message})."
        )
    return f"All {len(songs)} canaries are silent: no label leaks where they looked."


def text(songs: Sequence[Song]) -> str:
    """Return the report for a terminal."""
    told = [f"{s.name}: {clean(s.message)}" for s in songs if s.group != "cheater"]
    parts = [headline(songs), grid(_lines(songs), HEADER, ALIGN, "simple")]
    return "\n\n".join([*parts, "\n".join(told)]) + "\n"


def page(songs: Sequence[Song]) -> str:
    """Return the report as a Markdown page."""
    lines = [
        [
            markdown(cell) if i != 2 else markdown_code(cell)
            for i, cell in enumerate(row)
        ]
        for row in _lines(songs)
    ]
    return (
        f"# Canaries\n\n{markdown(headline(songs))}\n\n"
        f"{grid(lines, HEADER, ALIGN, 'pipe')}\n"
    )


def to_json(songs: Sequence[Song]) -> str:
    """Return the songs as one JSON array."""
    return json.dumps([_plain(song) for song in songs], indent=1) + "\n"


def _plain(song: Song) -> dict[str, object]:
    found = dataclasses.asdict(song)
    if song.z is not None and not math.isfinite(song.z):
        found["z"] = None
    return found


def _lines(songs: Sequence[Song]) -> list[list[str]]:
    """Return a row of cells for each song."""
    return [
        [
            song.group,
            song.task,
            clean(song.name, 40),
            song.metric,
            "–" if song.figure is None else f"{song.figure:.3f}",  # noqa: RUF001 - as on boards
            f"{song.chance:.3f}",
            "–" if song.z is None else f"{song.z:+.1f}",  # noqa: RUF001 - see above
            song.verdict,
        ]
        for song in songs
    ]


RENDER: dict[str, Callable[[Sequence[Song]], str]] = {
    "text": text,
    "markdown": page,
    "json": to_json,
}
