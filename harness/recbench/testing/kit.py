"""Which checks a model has to pass, by its tasks and by what it offers."""

from collections.abc import Iterator
from dataclasses import replace

from recbench import plugins
from recbench.specs import ModelSpec
from recbench.testing import answers, declaration, fitting, learning, listing
from recbench.testing.check import Body, Check
from recbench.testing.reading import DENSE


def _rule(name: str, summary: str, body: Body) -> Check:
    return Check(name=name, summary=summary, body=body)


def _advice(name: str, summary: str, body: Body) -> Check:
    return Check(name=name, summary=summary, body=body, required=False)


LIGHT_IMPORT = _rule(
    "light-import",
    "listing models imports neither torch nor pandas, scipy, surprise, matplotlib",
    declaration.light_import,
)
PARAMETERS = _rule(
    "parameters",
    "parameters are a frozen dataclass with defaults inside their ranges",
    declaration.parameters,
)
DESCRIBED = _advice("described", "the model has a summary", declaration.described)

EVERY_TASK = (
    _rule(
        "methods",
        "the model can be built and has the methods of its task",
        declaration.buildable,
    ),
    _rule(
        "shape-and-dtype",
        "outputs have the shape and dtype of the contract",
        answers.shape_and_dtype,
    ),
    _rule("finite", "outputs hold neither NaN nor infinity", answers.finite),
    _rule(
        "deterministic",
        "two fits with one seed are equal bit for bit",
        fitting.deterministic,
    ),
    _rule(
        "seed-used",
        "what is random in the model follows context.seed",
        fitting.seed_used,
    ),
    _rule(
        "train-untouched",
        "fit does not write to the training interactions",
        fitting.train_untouched,
    ),
    _rule(
        "memory-mapped",
        "copy-on-write columns in files serve like arrays in memory",
        fitting.memory_mapped,
    ),
    _rule(
        "repeatable",
        "a fitted model answers the same question alike",
        answers.repeatable,
    ),
    _rule(
        "batch-size",
        "outputs do not depend on how many users are asked at once",
        answers.batch_size,
    ),
    _rule(
        "user-order",
        "outputs do not depend on the order of the users asked",
        answers.user_order,
    ),
    _rule(
        "codes-mean-nothing",
        "other user and item codes give the same quality",
        learning.codes_mean_nothing,
    ),
    _rule(
        "unseen",
        "users and items without a training row get finite outputs",
        answers.unseen,
    ),
    _rule(
        "next-to-nothing",
        "eight users and five items are enough to fit",
        fitting.next_to_nothing,
    ),
    _rule(
        "without-validation",
        "a suite without a validation part is served",
        fitting.without_validation,
    ),
    _rule(
        "beats-luck",
        "the planted answer is found better than by luck",
        learning.beats_luck,
    ),
    _advice(
        "stops-in-time",
        "training stops when the deadline has passed",
        fitting.stops_in_time,
    ),
)
LONG_LISTS = _rule(
    "long-lists", "lists may be longer than the catalogue", listing.long_lists
)
USES_POSITIVES = _advice(
    "uses-positives",
    "low ratings are not taken for positive feedback",
    learning.uses_positives,
)
VALID_LISTS = _rule(
    "valid-lists",
    "recommended items are distinct, known, unseen and first in their row",
    listing.valid_lists,
)
WAYS_AGREE = _rule(
    "ways-agree",
    "score, vectors and score_queries order items alike",
    listing.ways_agree,
)
UNKNOWN_HISTORIES = _rule(
    "unknown-histories",
    "score_queries serves users who were not in training",
    listing.unknown_histories,
)
SAVE_AND_LOAD = _rule(
    "save-and-load",
    "a saved and loaded model gives the same outputs",
    learning.save_and_load,
)
LEARNED_NUMBERS = _rule(
    "learned-numbers", "n_parameters is a positive int", answers.learned_numbers
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
    checks = [LIGHT_IMPORT, PARAMETERS, DESCRIBED]
    if spec.params is None:
        checks.remove(PARAMETERS)
    methods = _methods(spec)
    for task in spec.tasks:
        for check in _of_task(spec, task, methods):
            named = replace(check, name=f"{task}/{check.name}", task=task)
            checks.append(named)
    return checks


def _of_task(
    spec: ModelSpec, task: str, methods: frozenset[str] | None
) -> Iterator[Check]:
    """Yield the checks of one task; where methods are unknown, all of them."""
    yield from EVERY_TASK
    if task != "rating":
        yield LONG_LISTS
        if not spec.baseline:  # a simple model need not personalise
            yield USES_POSITIVES
        if methods is None or "recommend" in methods:
            yield VALID_LISTS
        if methods is None or len(methods & set(DENSE)) > 1:
            yield WAYS_AGREE
        if methods is None or "score_queries" in methods:
            yield UNKNOWN_HISTORIES
    if methods is None or {"save", "load"} <= methods:
        yield SAVE_AND_LOAD
    yield LEARNED_NUMBERS  # often set in fit, where the class does not show it


def _methods(spec: ModelSpec) -> frozenset[str] | None:
    """Return the attributes of the model's class, or None where they are unknown."""
    try:
        factory = plugins.resolve(spec.factory)
    except Exception:  # noqa: BLE001 - a module may raise anything when imported
        return None
    return frozenset(dir(factory)) if isinstance(factory, type) else None
