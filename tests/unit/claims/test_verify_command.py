"""``recbench verify`` on claims that are true, false, slow, absent and broken."""

import json

import pytest
from click.testing import CliRunner

from recbench.cli.verify import command


def verify(toy, *words):
    out = toy.parent / "docs" / "claims.md"
    arguments = ["-p", str(toy / "toy.py"), "--out", str(out), *words]
    result = CliRunner().invoke(command, arguments)
    page = out.read_text() if out.exists() else ""
    return result, page


def row(page, claim, metric):
    lines = [line for line in page.splitlines() if line.startswith(f"| `{claim}`")]
    (found,) = [line for line in lines if f" {metric} " in line]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_a_true_claim_is_reproduced_and_the_status_is_0(toy):
    result, page = verify(toy, "toy/true")

    assert result.exit_code == 0, result.output
    assert row(page, "toy/true", "rmse")[3:8] == [
        "1.581",
        "1.5811",
        "+0.0001",
        "0.0005",
        "reproduced",
    ]
    assert row(page, "toy/true", "mae")[3:6] == ["1.50", "1.500", "+0.000"]


def test_a_planted_false_claim_stays_on_the_page_and_the_status_is_5(toy):
    result, page = verify(toy, "toy/true", "toy/false")

    assert result.exit_code == 5
    assert row(page, "toy/false", "rmse")[7] == "**not reproduced**"
    assert row(page, "toy/true", "rmse")[7] == "reproduced"
    gaps = page.partition("## What does not hold")[2].partition("## ")[0]
    assert "`toy/false` (rmse +0.1001): it is planted" in gaps
    assert "not reproduced" in result.stdout


def test_the_mean_over_the_values_of_a_split_parameter_is_the_figure(toy):
    result, page = verify(toy, "toy/folds")

    assert result.exit_code == 0, result.output
    assert row(page, "toy/folds", "mae")[4] == "1.8750"


def test_counts_of_a_data_set_need_no_model(toy):
    result, page = verify(toy, "toy/counts")

    assert result.exit_code == 0, result.output
    assert row(page, "toy/counts", "interactions")[2:4] == ["5", "5"]


def test_a_slow_claim_waits_until_it_is_named_or_allowed(toy):
    _, page = verify(toy, "toy-ratings")
    assert row(page, "toy/slow", "mae")[7] == "not run here (slow)"

    _, page = verify(toy, "toy/slow")
    assert row(page, "toy/slow", "mae")[7] == "reproduced"


def test_a_claim_on_absent_data_is_left_out_by_name(toy):
    result, page = verify(toy, "toy-absent")

    assert result.exit_code == 4
    assert row(page, "toy/elsewhere", "mae")[7] == "no data here"


def test_a_claim_that_cannot_be_measured_has_failed_with_its_reason(toy):
    result, page = verify(toy, "toy/nobody")

    assert result.exit_code == 1
    assert row(page, "toy/nobody", "mae")[7] == "**failed**"
    assert "unknown model 'no-such-model'" in page


def test_what_was_measured_before_stays_on_the_page(toy):
    verify(toy, "toy/true")
    _, page = verify(toy, "toy/folds")

    assert row(page, "toy/true", "rmse")[7] == "reproduced"


def test_the_page_alone_is_written_without_measuring(toy):
    verify(toy, "toy/true")
    _, before = verify(toy, "toy/folds")
    ledger = toy.parent / "docs" / "claims.json"
    known = json.loads(ledger.read_text())
    known["toy/true"]["values"]["rmse"] = 1.7
    ledger.write_text(json.dumps(known))

    _, page = verify(toy, "--page-only", "toy/true")

    assert row(page, "toy/true", "rmse")[7] == "**not reproduced**"
    assert row(page, "toy/folds", "mae") == row(before, "toy/folds", "mae")


def test_a_measurement_of_another_model_than_now_is_marked(toy):
    verify(toy, "toy/true")
    claims = toy / "claims.toml"
    claims.write_text(claims.read_text().replace('"global-mean"', '"bias"'))

    _, page = verify(toy, "--page-only", "toy/true")

    assert "| `toy/true` †" in page
    assert "† measured before" in page


def test_text_of_a_claim_is_escaped(toy):
    verify(toy, "toy/false")
    _, page = verify(toy, "toy/true")

    assert "<b>" not in page
    assert "&lt;b&gt;for" in page
    assert "three ratings train, two `test`." in page


def test_what_is_left_out_is_said(toy):
    _, page = verify(toy, "--page-only", "toy/true")

    assert "- the napkin's other side: it is wet." in page


@pytest.mark.parametrize("name", ["toy", "toy-ratings", "hand", "FILE"])
def test_claims_are_chosen_by_plugin_data_set_source_or_file(toy, name):
    word = str(toy / "claims.toml") if name == "FILE" else name
    result, _ = verify(toy, "--page-only", word)

    assert "toy/true" in result.stdout
    assert "orange" not in result.stdout


def test_an_unknown_name_is_answered_with_the_nearest(toy):
    result, _ = verify(toy, "toy/tru")

    assert result.exit_code != 0
    assert "did you mean toy/true" in str(result.exception)


def test_a_damaged_ledger_is_named(toy):
    (toy.parent / "docs").mkdir()
    (toy.parent / "docs" / "claims.json").write_text("{")
    result, _ = verify(toy, "toy/true")

    assert "is no ledger of claims" in str(result.exception)
