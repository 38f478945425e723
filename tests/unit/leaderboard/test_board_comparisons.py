import pytest

from recbench.errors import NothingRanError, UsageError
from recbench.leaderboard import comparison, comparison_text, folders


def lines_of(made, a, b, **change):
    return comparison.models(
        made.suite, made.records, made.per_user, (a, b), layout=made.layout, **change
    )


def test_the_better_model_is_named(factory) -> None:
    made = factory().add("ease", 0.4).add("slim", 0.3)

    found = lines_of(made, "slim", "ease", metrics=["ndcg@10"])

    assert [(line.better, line.a, line.b) for line in found] == [("b", "slim", "ease")]


def test_a_lower_rmse_is_better(factory) -> None:
    made = factory("rating").add("svd", 0.8).add("bias", 0.9)

    assert lines_of(made, "svd", "bias")[0].better == "a"


def test_equal_models_are_not_told_apart(factory) -> None:
    made = factory().add("ease", 0.4, noise=0.3).add("slim", 0.4, noise=0.3)

    found = lines_of(made, "ease", "slim", metrics=["ndcg@10", "recall@10"])

    assert [line.better for line in found] == ["", ""]
    assert "no test tells them apart" in comparison_text.render(found)


def test_p_values_are_corrected_for_the_metrics_compared(factory) -> None:
    made = factory().add("ease", 0.4, noise=0.3).add("slim", 0.42, noise=0.3)

    plain = lines_of(made, "ease", "slim", correction="none")
    strict = lines_of(made, "ease", "slim", correction="holm")

    assert all(a.p_adjusted <= b.p_adjusted for a, b in zip(plain, strict, strict=True))
    assert any(a.p_adjusted < b.p_adjusted for a, b in zip(plain, strict, strict=True))


def test_models_without_a_shared_split_are_shown_without_a_test(factory) -> None:
    made = factory().add("ease", 0.4, splits=(0,)).add("slim", 0.3, splits=(1,))

    found = lines_of(made, "ease", "slim", metrics=["ndcg@10"])

    assert found[0].found is None
    assert "no split in common" in comparison_text.render(found)


def test_parameters_select_a_row(factory) -> None:
    made = factory().add("ncf", 0.3).add("ncf", 0.4, params={"epochs": 9})

    found = lines_of(made, "ncf[epochs=9]", "ncf")

    assert found[0].better == "a"


def test_an_ambiguous_name_lists_the_rows(factory) -> None:
    made = factory().add("ncf", 0.3, params={"epochs": 1}).add("slim", 0.1)
    made.add("ncf", 0.4, params={"epochs": 9})

    with pytest.raises(UsageError, match=r"ncf\[epochs=1\], ncf\[epochs=9\]"):
        lines_of(made, "ncf", "slim")


def test_an_unknown_model_names_the_nearest(factory) -> None:
    made = factory().add("ease", 0.4)

    with pytest.raises(UsageError, match="did you mean ease"):
        lines_of(made, "eas", "ease")


def test_an_unknown_metric_names_the_nearest(factory) -> None:
    made = factory().add("ease", 0.4).add("slim", 0.3)

    with pytest.raises(UsageError, match="ndcg@10"):
        lines_of(made, "ease", "slim", metrics=["ndgc@10"])


def test_a_model_that_failed_cannot_be_compared(factory) -> None:
    made = factory().add("ease", 0.4).add("bad", 0.1, status="failed")

    with pytest.raises(NothingRanError, match="ended ok"):
        lines_of(made, "ease", "bad")


def test_folders_of_other_protocols_are_refused(factory, stored, tmp_path) -> None:
    stored(factory().add("ease", 0.4), tmp_path / "a")
    stored(factory().add("ease", 0.4, protocol_hash="q" * 64), tmp_path / "b")

    with pytest.raises(UsageError, match="another protocol"):
        folders.compare(tmp_path / "a", tmp_path / "b", lambda _suite: None)


def test_folders_without_a_common_model_are_refused(factory, stored, tmp_path) -> None:
    stored(factory().add("ease", 0.4), tmp_path / "a")
    stored(factory().add("slim", 0.4), tmp_path / "b")

    with pytest.raises(NothingRanError, match="share no model"):
        folders.compare(tmp_path / "a", tmp_path / "b", lambda _suite: None)


def test_a_comparison_fits_eighty_columns(factory) -> None:
    made = factory().add("ease", 0.4).add("slim", 0.3)

    shown = comparison_text.render(lines_of(made, "ease", "slim"))

    assert max(map(len, shown.splitlines())) <= 80
    assert "is found with 80 % power" in shown
