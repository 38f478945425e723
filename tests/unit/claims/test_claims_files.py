"""Reading ``claims.toml``, and the files that ship."""

from decimal import Decimal
from pathlib import Path

import pytest

from recbench import plugins
from recbench.claims import find
from recbench.claims.api import PUBLISHED, verify_claims
from recbench.claims.claim import Figure
from recbench.claims.read import read
from recbench.errors import DataError
from recbench.params import complete, parse_model

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def catalogue():
    return plugins.load([PUBLISHED])


@pytest.fixture(scope="module")
def shipped(catalogue):
    return find.stated(catalogue)


def test_published_digits_are_kept(toy):
    claim = read(toy / "claims.toml", "toy").claims[0]

    assert [f.published for f in claim.figures] == [Decimal("1.581"), Decimal("1.50")]
    assert [f.digits for f in claim.figures] == [3, 2]


def test_a_figure_holds_up_to_its_tolerance_and_no_further():
    figure = Figure(metric="m", published=Decimal("0.25"), tolerance=Decimal("0.005"))

    assert figure.holds(0.255)
    assert figure.holds(0.245)
    assert not figure.holds(0.2551)
    assert not figure.holds(float("nan"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("because", "becuase", "did you mean because", id="misspelt key"),
        pytest.param(
            'protocol = "napkin"', 'protocol = "nap"', "mean napkin", id="protocol"
        ),
        pytest.param('source = "hand"', 'source = "foot"', "source of", id="source"),
        pytest.param("tolerance = 0.05\n", "", "say its tolerance", id="no tolerance"),
        pytest.param(
            ", mae = 0.005 }", "}", "say the tolerance of mae", id="one short"
        ),
        pytest.param("1.481", '"1.481"', "is not a number", id="figure as text"),
        pytest.param(
            'effort = "slow"', 'effort = "tiny"', "effort of claim", id="effort"
        ),
        pytest.param("[[left-out]]", "[[left_out]]", "mean left-out", id="table"),
        pytest.param("toy/true", "Toy/true", "lower-case", id="name"),
        pytest.param("[sources.hand]", "[sources.hand", "cannot be read", id="no TOML"),
        pytest.param('split = "fixed"', "", "split", id="protocol without a split"),
    ],
)
def test_a_mistake_is_named_with_its_file(toy, old, new, message):
    path = toy / "claims.toml"
    path.write_text(path.read_text().replace(old, new))

    with pytest.raises(DataError, match=message) as caught:
        read(path, "toy")
    assert str(path) in str(caught.value)


def test_two_claims_of_one_name(toy, catalogue, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text((toy / "claims.toml").read_text())

    with pytest.raises(DataError, match="stands in"):
        find.stated(catalogue, [toy / "claims.toml", other])


def test_shipped_claims_are_many_and_over_many_data_sets(shipped):
    models = [c for c in shipped.claims if c.setting is not None]

    assert sum(len(c.figures) for c in models) >= 40
    assert len({c.dataset for c in models}) >= 6


def test_shipped_claims_name_models_parameters_and_data_that_exist(shipped, catalogue):
    for claim in shipped.claims:
        assert claim.dataset in catalogue.datasets, claim.name
        if claim.setting is None:
            continue
        name, given = parse_model(claim.model)
        task = claim.setting.protocol.task
        complete(catalogue.models[name], task, given)
        assert task in catalogue.models[name].tasks
        assert claim.setting.protocol.split in catalogue.splits
        for figure in claim.figures:
            base = figure.metric.partition("@")[0]
            assert base in catalogue.metrics, claim.name


def test_shipped_claims_state_a_source_that_can_be_found(shipped):
    assert all(c.source.title and c.source.where for c in shipped.claims)


def test_nothing_shipped_rests_on_memory(shipped):
    assert {c.check for c in shipped.claims} <= {"V", "V~", "R"}


def test_the_committed_page_shows_every_shipped_claim(shipped):
    page = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")

    missing = [c.name for c in shipped.claims if f"| `{c.name}`" not in page]
    assert missing == []


def plain(page):
    """Return a page's words without what follows from sources that have changed since.

    A dagger marks those; column widths follow from the longest name.
    """
    kept = [line for line in page.splitlines() if not line.startswith("†")]
    return [" ".join(line.replace("†", "").replace("-", "").split()) for line in kept]


def test_the_committed_page_is_what_the_committed_measurements_say(tmp_path):
    docs = ROOT / "docs"
    ledger = (docs / "claims.json").read_text(encoding="utf-8")
    (tmp_path / "claims.json").write_text(ledger, encoding="utf-8")

    verify_claims(out=tmp_path / "claims.md", measure=False)

    written = (tmp_path / "claims.md").read_text(encoding="utf-8")
    committed = (docs / "claims.md").read_text(encoding="utf-8")
    assert [line for line in plain(written) if line.strip("|: ")] == [
        line for line in plain(committed) if line.strip("|: ")
    ]


def test_every_figure_that_does_not_hold_has_a_reason():
    page = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")

    assert "**not reproduced**" in page
    assert "the reason is not known" not in page
