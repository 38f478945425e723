"""Fit and scoring of every installed model, in both tasks."""

import numpy as np
import pytest

from recbench import plugins
from recbench.testing.threads import one_thread

CATALOGUE = plugins.load()
CASES = [
    pytest.param(name, task, id=f"{name}-{task}")
    for name, spec in CATALOGUE.models.items()
    for task in ("rating", "top-n")
    if task in spec.tasks
]


@pytest.mark.parametrize(("model", "task"), CASES)
@pytest.mark.benchmark(group="fit")
@pytest.mark.timeout(900)
def test_fit(timed, model, task) -> None:
    untrained, train, context = timed.bench.ready(model, task)

    with one_thread():
        timed.benchmark.pedantic(untrained.fit, args=(train, context), rounds=1)

    timed.fitted[model, task] = untrained
    parameters = getattr(untrained, "n_parameters", None)
    timed.note(model=model, task=task, n_parameters=parameters)


@pytest.mark.parametrize(("model", "task"), CASES)
@pytest.mark.benchmark(group="score")
@pytest.mark.timeout(900)
def test_score(timed, model, task) -> None:
    fitted = timed.fitted.pop((model, task), None)
    if fitted is None:  # scoring was selected alone
        fitted = timed.bench.fit(model, task)

    output = timed.benchmark.pedantic(timed.bench.score, args=(fitted, task), rounds=3)

    primary = timed.bench.suite(task).primary
    figure = timed.bench.figures(output, task)[primary]
    assert np.isfinite(figure)
    timed.note(model=model, task=task, **{primary: figure})
