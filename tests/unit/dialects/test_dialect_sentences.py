"""What a dialect says about a metric is one sentence, and it is true."""

import json

import pandas as pd
import pytest

from recbench.dialects import score
from recbench.dialects.choices import Choice, Lacking
from recbench.dialects.declared import DIALECTS, METRICS

PAIRS = [(dialect, metric) for dialect in DIALECTS for metric in METRICS]


@pytest.fixture(scope="module")
def means(tables):
    """Return ``{dialect: {metric: [a mean per case and cut-off]}}``."""
    found = {}
    for name in DIALECTS:
        found[name] = {metric: [] for metric in METRICS}
        for lists, truth in tables.values():
            for key, value in score(lists, truth, dialect=name).metrics.items():
                found[name][key.partition("@")[0]].append(value.mean)
    return found


@pytest.mark.parametrize(("dialect", "metric"), PAIRS)
def test_it_is_one_sentence_that_names_the_library(dialect, metric):
    sentence = DIALECTS[dialect].sentence(metric)

    assert sentence.startswith(DIALECTS[dialect].library)
    assert sentence.endswith(".")
    assert ". " not in sentence.replace("2.0 ", "")
    assert "\n" not in sentence


@pytest.mark.parametrize(("dialect", "metric"), PAIRS)
def test_agreement_is_claimed_only_where_every_figure_is_equal(dialect, metric, means):
    sentence = DIALECTS[dialect].sentence(metric)
    ours, theirs = means["recbench"][metric], means[dialect][metric]

    if "agrees with recbench" in sentence:
        assert theirs == ours
    elif f"has no {metric}:" in sentence:
        assert set(theirs) == {None}
    elif dialect != "recbench" and "relevant from rating 0" not in sentence:
        known = ("scores decide before ranks where",)  # only where a file has both
        assert theirs != ours or any(clause in sentence for clause in known)


def test_a_lacking_metric_says_why():
    for dialect in DIALECTS.values():
        for rule in dialect.rules.values():
            if isinstance(rule, Lacking):
                assert len(rule.reason) > 10


def test_no_two_choices_share_their_words():
    words = [choice.words for kind in Choice.__subclasses__() for choice in kind]

    assert len(words) == len(set(words))


def test_a_figure_that_cannot_be_is_explained():
    lists = pd.DataFrame({"user": ["a"], "item": ["x"], "rank": [1]})
    missed = pd.DataFrame({"user": ["a"], "item": ["y"], "rating": [3.0]})
    plays = pd.DataFrame({"user": ["a"], "item": ["x"], "rating": [5000.0]})

    no_match = score(lists, missed, dialect="cornac").metrics["mrr@10"]
    nobody = score(lists, missed, dialect="notebook").metrics["ndcg@10"]
    overflow = score(lists, plays, dialect="elliot").metrics["ndcg@10"]

    assert no_match.mean is None
    assert "without a match: 1" in no_match.definition
    assert nobody.mean is None
    assert "no user of this truth counts" in nobody.definition
    assert overflow.mean is None
    assert "overflows for a rating of 5000" in overflow.definition


def test_the_json_form_has_a_mean_and_a_definition_for_every_metric(tables):
    lists, truth = tables["short lists"]

    body = json.loads(json.dumps(score(lists, truth, dialect="implicit").to_dict()))

    assert body["dialect"] == "implicit"
    assert body["metrics"]["ndcg@10"].keys() == {"mean", "definition"}
    assert body["metrics"]["recall@10"]["mean"] is None
    assert "does not offer it" in body["metrics"]["recall@10"]["definition"]
