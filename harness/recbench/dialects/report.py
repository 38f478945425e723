"""Scores as people read them: a table, and one sentence per metric."""

from tabulate import tabulate

from recbench.dialects.scores import Scores

ABSENT = "-"


def remarks(scores: Scores) -> list[str]:
    """Return what a reader should know about the files, for stderr."""
    without_list, strangers = scores.users_without_list, scores.users_without_truth
    told = []
    if without_list:
        told.append(f"users of the truth with an empty list: {without_list:,}")
    if strangers:
        told.append(f"users of the lists unknown to the truth, ignored: {strangers:,}")
    if scores.seen_removed:
        told.append(f"list rows of seen items, dropped: {scores.seen_removed:,}")
    return told


def text(scores: Scores) -> str:
    """Return metrics by cut-off, then a sentence for each metric."""
    cutoffs = sorted({int(name.partition("@")[2]) for name in scores.metrics})
    metrics = list(dict.fromkeys(name.partition("@")[0] for name in scores.metrics))
    rows = [
        [metric, *(_figure(scores, f"{metric}@{k}") for k in cutoffs)]
        for metric in metrics
    ]
    table = tabulate(
        rows,
        headers=["", *(f"@{k}" for k in cutoffs)],
        disable_numparse=True,
        colalign=("left", *("right" for _ in cutoffs)),
    )
    sentences: dict[str, list[str]] = {}
    for name, score in scores.metrics.items():
        sentences.setdefault(score.definition, []).append(name.partition("@")[0])
    said = [
        f"{', '.join(dict.fromkeys(names))}: {sentence}"
        for sentence, names in sentences.items()
    ]
    head = f"{scores.library}, {len(scores.users):,} users"
    return "\n".join([head, "", table, "", *said])


def comparison(found: list[Scores]) -> str:
    """Return one row per dialect and metric: the figure, and why it differs."""
    rows = [
        [scores.dialect, name, _figure(scores, name), score.definition]
        for scores in found
        for name, score in scores.metrics.items()
    ]
    return tabulate(
        rows,
        headers=["dialect", "metric", "mean", "definition"],
        disable_numparse=True,
        colalign=("left", "left", "right", "left"),
    )


def _figure(scores: Scores, name: str) -> str:
    if name not in scores.metrics:
        return ABSENT
    mean = scores.metrics[name].mean
    return ABSENT if mean is None else f"{mean:.4f}"
