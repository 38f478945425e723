"""What a board measures, in plain sentences. Formats escape them."""

from collections.abc import Mapping
from typing import Any

from recbench.leaderboard import shapes
from recbench.leaderboard.board import Board

TASKS = {
    "rating": "Predict the ratings that were withheld.",
    "top-n": "Rank, for each user, all items the user has not seen.",
    "next-item": "Rank all items by how likely each comes next in a user's history.",
}
LEAKS = {
    "train_after_own_test": "training events are later than a test event of their user",
    "repeated_pairs": "test events repeat a user-item pair of training",
    "cold_users": "test users have no training event",
    "cold_items": "test items have no training event",
}


def summary(board: Board) -> str:
    """Return the board in one or two sentences."""
    n, runs = len(board.rows), len(board.splits)
    splits = "1 split" if runs == 1 else f"{runs} splits"
    models = "1 model" if n == 1 else f"{n} models"
    task = TASKS.get(board.task, f"Task {board.task}.")
    return f"{task} {models} on {board.dataset.get('name', '?')}, {splits}."


def facts(board: Board) -> list[tuple[str, str]]:
    """Return what is measured, as (heading, sentence) pairs of plain text."""
    found = [("Data", _data(board)), ("Split", _split(board))]
    if board.task != "rating":
        found += [("Lists", _lists(board.protocol))]
    found += [("Users", _users(board))]
    leaks = _leakage(board.split.get("leakage") or {})
    found += [("Leakage", leaks)] if leaks else []
    chosen = tuning(board)
    found += [("Tuning", chosen)] if chosen else []
    found += [
        ("Intervals", intervals(board)),
        ("Ranks", ranks(board)),
        ("Cost", cost()),
    ]
    return found


def tuning(board: Board) -> str:
    """Say which rows have tuned parameters, and what their search was granted."""
    counts: dict[str, int] = {}
    for row in board.rows:
        if row.budget:
            search = _search(row.budget)
            counts[search] = counts.get(search, 0) + 1
    if not counts:
        return ""
    parts = [f"{n} row{'s' if n > 1 else ''} {search}" for search, n in counts.items()]
    text = "; ".join(parts)
    return f"{text}. All others have their defaults or what was given by hand."


def _search(budget: Mapping[str, Any]) -> str:
    """Return where a search was made and what it was granted."""
    granted = budget.get("granted") or {}
    limits = [
        f"{granted[name]:g} {name}"
        for name in ("trials", "minutes")
        if isinstance(granted.get(name), int | float)
    ]
    seeds = [seed for seed in budget.get("seeds") or () if isinstance(seed, int)]
    what = " or ".join(limits) or "an unknown budget"
    return (
        f"tuned on the validation part of {budget.get('suite', 'an unknown suite')} "
        f"(split {shapes.spell(tuple(seeds))}), {what} a model"
    )


def intervals(board: Board) -> str:
    """Say what the intervals mean."""
    over = {
        "users": "new users like these, on this one split and model seed",
        "users and splits": "new users like these and new splits of this data set",
        "users and seeds": "new users like these, new model seeds, this one split",
        "splits": "new splits of this data set",
        "seeds": "new model seeds, on this one split",
    }
    if board.over not in over:
        return "None: one run, and no values of single users."
    return (
        f"± is half of a 95 % interval for the mean over {over[board.over]}. "
        "Figures are means over the splits."
    )


def ranks(board: Board) -> str:
    """Say how ranks are given."""
    text = (
        "A rank ends where the paired difference to its first model (same splits, "
        "same users) is significant at 5 % (Holm); that model begins the next. P(best) "
        "is the chance to be the best of this table if users and splits were drawn "
        "anew."
    )
    if board.smallest is not None:
        size = f"{board.smallest:.4f}"
        text += f" A difference to the best of some {size} is found with 80 % power."
    return text


def cost() -> str:
    """Say what the columns of cost mean."""
    return (
        "Fit and score seconds and peak MiB (of the model's own process) are medians "
        "over the runs. Latency is that of one user (or pair) at a time, ranked in "
        "full; size is that of the saved model, where it can be saved. ◆ marks models "
        "that no other beats in both quality and fit time on the same machine."
    )


def together(board: Board) -> list[str]:
    """Return the labels of models that share a rank, one group a line."""
    return [", ".join(group) for group in board.groups if len(group) > 1]


def failures(board: Board) -> list[tuple[tuple[str, ...], str]]:
    """Return what became of the models without a rank: their labels and a sentence.

    Models that came to the same end for the same reason are named together.
    """
    found: dict[str, list[str]] = {}
    for row in board.unranked:
        text = f"{row.note}: {row.reason}" if row.reason else row.note
        if row.status == "ok":
            text = f"no {board.layout.label(board.layout.primary)} to rank it by"
        found.setdefault(text, []).append(row.label)
    return [(tuple(labels), text) for text, labels in found.items()]


def machine(facts_: Mapping[str, Any]) -> str:
    """Return what a machine is, in a line."""
    parts = [str(facts_.get("cpu", "unknown processor"))]
    if facts_.get("cores"):
        parts.append(f"{facts_['cores']} cores")
    if facts_.get("memory_gib"):
        parts.append(f"{facts_['memory_gib']} GiB")
    parts += [str(gpu) for gpu in facts_.get("gpus", ())]
    if facts_.get("system"):
        parts.append(str(facts_["system"]))
    return ", ".join(parts) + f" (id {facts_.get('id', 'unknown')})"


def versions(board: Board) -> str:
    """Return the versions behind the board, in a line."""
    parts = (f"{name} {' / '.join(found)}" for name, found in board.versions.items())
    return ", ".join(parts)


def _data(board: Board) -> str:
    """Return the data set's size and identity."""
    d = board.dataset
    sizes = [d.get(name) for name in ("n_interactions", "n_users", "n_items")]
    text = str(d.get("name", "unknown"))
    if all(isinstance(size, int) for size in sizes):
        text += ": {:,} interactions of {:,} users with {:,} items".format(*sizes)
    mark = str(d.get("fingerprint", ""))[:12]
    return f"{text} (fingerprint {mark})" if mark else text


def _split(board: Board) -> str:
    """Return how the data set was divided."""
    p, s = board.protocol, board.split
    params = p.get("split_params") or {}
    shown = ", ".join(f"{name} {params[name]}" for name in sorted(params))
    text = str(p.get("split", "unknown")) + (f" ({shown})" if shown else "")
    for name, found in p.get("filters") or ():
        text += f", after the filter {name} {dict(found)}"
    parts = [
        f"{s[name]:,} {name}"
        for name in ("train", "validation", "test")
        if isinstance(s.get(name), int)
    ]
    if parts:
        text += f"; {', '.join(parts)} interactions"
    refit = p.get("refit")
    text += "; models are fitted again on train and validation" if refit else ""
    return f"{text}; split seeds {shapes.spell(board.splits)}"


def _lists(p: Mapping[str, Any]) -> str:
    """Return what may be listed and what counts as a hit."""
    candidates = {
        "train": "items with a training interaction",
        "cold": "items without a training interaction",
        "all": "all items",
    }
    seen = {
        "remove": "items of the user's training and validation part are left out",
        "remove-train": "items of the user's training part are left out",
        "keep": "items the user has seen may be listed again",
    }
    what = "every test interaction"
    if p.get("relevance") is not None:
        what = f"a test rating of {p['relevance']:g} or more"
    learned = ""
    if p.get("positives") is not None:
        learned = f"; positive feedback in training: rating {p['positives']:g} or more"
    return (
        f"candidates are {candidates.get(str(p.get('candidates')), 'not known')}; "
        f"{seen.get(str(p.get('seen')), 'seen items: not known')}; full ranking, no "
        f"sampling; relevant: {what}{learned}"
    )


def _users(board: Board) -> str:
    """Return how many users count."""
    n = board.split.get("users")
    who = "every user with a test rating"
    if board.task != "rating":
        who = "every user with a relevant test item; one without a list scores 0"
    return f"{n:,}, {who}" if isinstance(n, int) else who


def _leakage(leaks: Mapping[str, Any]) -> str:
    """Return what the split leaks, in a line."""
    parts = []
    for name, words in LEAKS.items():
        found = leaks.get(name)
        if isinstance(found, Mapping) and found.get("count"):
            parts.append(f"{found['count']:,} ({found['share']:.1%}) {words}")
    if "train_after_own_test" in leaks and leaks["train_after_own_test"] is None:
        parts.append("no timestamps, so whether training looks ahead cannot be said")
    return "; ".join(parts)
