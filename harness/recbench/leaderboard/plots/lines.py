"""Metrics by length of the list: one panel a family, one line a model."""

from matplotlib.figure import Figure

from recbench.leaderboard.board import Board
from recbench.leaderboard.plots import style

MODELS = 8


def draw(board: Board) -> Figure:
    """Draw the best models and the reference."""
    found = families(board)
    rows = style.chosen(board, MODELS)
    figure = style.figure(3.6 + 0.25 * ((len(rows) + 3) // 4))
    axes = figure.subplots(1, len(found), squeeze=False)[0]
    for panel, (family, cuts) in zip(axes, found.items(), strict=True):
        for number, row in enumerate(rows):
            known = [(k, row.metrics.get(f"{family}@{k}")) for k in cuts]
            points = [(k, e.mean) for k, e in known if e and e.mean is not None]
            panel.plot(
                [k for k, _ in points],
                [mean for _, mean in points],
                color=style.PALETTE[number % len(style.PALETTE)],
                marker=style.MARKERS[number % len(style.MARKERS)],
                ms=4.5,
                linewidth=1.5,
                linestyle="--" if row.model == board.layout.reference else "-",
                label=style.name(row),
            )
        panel.set_title(board.layout.label(f"{family}@{cuts[0]}").partition("@")[0])
        panel.set_xlabel("length of the list, K")
        panel.set_xticks(cuts)
        panel.set_ylim(bottom=0)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def families(board: Board) -> dict[str, list[int]]:
    """Return the metrics with several cut-offs, the primary's family first."""
    found: dict[str, list[int]] = {}
    for metric in (board.layout.primary, *board.layout.metrics):
        name, _, cut = metric.partition("@")
        if cut.isdigit() and int(cut) not in found.setdefault(name, []):
            found[name].append(int(cut))
    several = {name: sorted(cuts) for name, cuts in found.items() if len(cuts) > 1}
    return dict(list(several.items())[:3])
