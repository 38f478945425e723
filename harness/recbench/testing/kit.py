"""Which checks a model has to pass, by its tasks and by what it offers."""

from recbench import plugins
from recbench.specs import ModelSpec
from recbench.testing import answers, declaration, fitting, learning, listing
from recbench.testing.check import Body, Check

_CARD: tuple[tuple[str, str, Body, bool], ...] = (
    (
        "light-import",
        "listing models imports neither torch nor pandas, scipy, surprise, matplotlib",
        declaration.light_import,
        True,
    ),
    (
        "parameters",
        "parameters are a frozen dataclass with defaults inside their ranges",
        declaration.parameters,
        True,
    ),
    ("described", "the model has a summary", declaration.described, False),
)

_ALWAYS: tuple[tuple[str, str, Body, bool], ...] = (
    (
        "methods",
        "the model can be built and has the methods of its task",
        declaration.buildable,
        True,
    ),
    (
        "shape-and-dtype",
        "outputs have the shape and dtype of the contract",
        answers.shape_and_dtype,
        True,
    ),
    ("finite", "outputs hold neither NaN nor infinity", answers.finite, True),
    (
        "deterministic",
        "two fits with one seed are equal bit for bit",
        fitting.deterministic,
        True,
    ),
    (
        "seed-used",
        "what is random in the model follows context.seed",
        fitting.seed_used,
        True,
    ),
    (
        "train-untouched",
        "fit does not write to the training interactions",
        fitting.train_untouched,
        True,
    ),
    (
        "memory-mapped",
        "copy-on-write columns in files serve like arrays in memory",
        fitting.memory_mapped,
        True,
    ),
    (
        "repeatable",
        "a fitted model answers the same question alike",
        answers.repeatable,
        True,
    ),
    (
        "batch-size",
        "outputs do not depend on how many users are asked at once",
        answers.batch_size,
        True,
    ),
    (
        "user-order",
        "outputs do not depend on the order of the users asked",
        answers.user_order,
        True,
    ),
    (
        "codes-mean-nothing",
        "other user and item codes give the same quality",
        learning.codes_mean_nothing,
        True,
    ),
    (
        "unseen",
        "users and items without a training row get finite outputs",
        answers.unseen,
        True,
    ),
    (
        "next-to-nothing",
        "eight users and five items are enough to fit",
        fitting.next_to_nothing,
        True,
    ),
    (
        "without-validation",
        "a suite without a validation part is served",
        fitting.without_validation,
        True,
    ),
    (
        "beats-luck",
        "the planted answer is found better than by luck",
        learning.beats_luck,
        True,
    ),
    (
        "stops-in-time",
        "training stops when the deadline has passed",
        fitting.stops_in_time,
        False,
    ),
)

_LONG_LISTS = (
    "long-lists",
    "lists may be longer than the catalogue",
    listing.long_lists,
    True,
)
_POSITIVES = (
    "uses-positives",
    "low ratings are not taken for positive feedback",
    learning.uses_positives,
    False,
)

_OFFERED: tuple[tuple[str, str, Body, tuple[str, ...]], ...] = (
    (
        "valid-lists",
        "recommended items are distinct, known, unseen and first in their row",
        listing.valid_lists,
        ("recommend",),
    ),
    (
        "ways-agree",
        "score, vectors and score_queries order items alike",
        listing.ways_agree,
        (),
    ),
    (
        "unknown-histories",
        "score_queries serves users who were not in training",
        listing.unknown_histories,
        ("score_queries",),
    ),
    (
        "save-and-load",
        "a saved and loaded model gives the same outputs",
        learning.save_and_load,
        ("save", "load"),
    ),
    (
        "learned-numbers",
        "n_parameters is a positive int",
        answers.learned_numbers,
        ("n_parameters",),
    ),
)


def checks_for(spec: ModelSpec) -> list[Check]:
    """Return the checks that a model has to pass, in the order to run them.

    The model's class is imported to see which methods it has. If that fails, the
    checks say so when they run.

    Args:
        spec: The model, as its plugin declares it.

    Returns:
        Checks named ``<check>`` for the declaration and ``<task>/<check>`` for each
        task. For pytest: ``parametrize("check", checks_for(spec), ids=str)``.
    """
    checks = [
        _check("", *row)
        for row in _CARD
        if spec.params is not None or row[0] != "parameters"
    ]
    offered = _methods(spec)
    for task in spec.tasks:
        checks += [_check(task, *row) for row in _ALWAYS]
        if task != "rating":
            checks.append(_check(task, *_LONG_LISTS))
            if not spec.baseline:  # a simple model need not personalise
                checks.append(_check(task, *_POSITIVES))
        for name, summary, body, methods in _OFFERED:
            if _applies(name, task, methods, offered):
                checks.append(_check(task, name, summary, body, required=True))
    return checks


def _check(task: str, name: str, summary: str, body: Body, required: bool) -> Check:
    full = f"{task}/{name}" if task else name
    return Check(name=full, summary=summary, body=body, task=task, required=required)


def _methods(spec: ModelSpec) -> frozenset[str] | None:
    """Return the attributes of the model's class, or None where they are unknown."""
    try:
        factory = plugins.resolve(spec.factory)
    except Exception:  # noqa: BLE001 - a module may raise anything when imported
        return None
    return frozenset(dir(factory)) if isinstance(factory, type) else None


def _applies(
    name: str, task: str, methods: tuple[str, ...], offered: frozenset[str] | None
) -> bool:
    """Return whether a check of an optional method has something to look at."""
    ranking_only = name in {"valid-lists", "ways-agree", "unknown-histories"}
    if task == "rating" and ranking_only:
        return False
    if offered is None:
        return True
    if name == "ways-agree":
        return len(offered & {"score", "user_vectors", "score_queries"}) > 1
    # n_parameters is often set in fit, where the class does not show it
    return name == "learned-numbers" or offered.issuperset(methods)
