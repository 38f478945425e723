"""``recbench results``: list, show, merge, validate, export."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recbench.cli.results import command
from recbench.errors import DataError, NothingRanError, UsageError
from recbench.results.store import Store

SAMPLE = Path(__file__).parents[2] / "formats" / "schema-1"
RATING, TOP_N = "sample/rating-quick", "sample/top-n-quick"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A store of three records, free to be damaged."""
    shutil.copytree(SAMPLE, tmp_path / "store")
    return tmp_path / "store"


def call(*words: object) -> Result:
    return CliRunner().invoke(command, [str(w) for w in words], catch_exceptions=False)


def one(out: Path, kind: str) -> Path:
    """Return a file of a record with blobs."""
    return min(out.glob(f"sample/top-n-quick/results/*/*.{kind}"))


def test_list_shows_one_line_for_each_record(out: Path) -> None:
    lines = call("list", "--out", out).stdout.splitlines()

    assert len([line for line in lines if "sample/" in line]) == 3
    assert any("most-popular" in line and "ok" in line for line in lines)


def test_list_of_one_suite_as_json(out: Path) -> None:
    entries = json.loads(call("list", RATING, "--json", "--out", out).stdout)

    assert [e["name"] for e in entries] == [f"{RATING} bias seed 0"]
    assert entries[0]["status"] == "ok"
    assert 0.5 < entries[0]["metrics"]["rmse"] < 1.5


def test_list_of_an_unknown_suite_names_the_nearest(out: Path) -> None:
    with pytest.raises(UsageError, match=f"did you mean {RATING}"):
        call("list", "sample/ratin-quick", "--out", out)


def test_list_of_no_records_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(NothingRanError, match=f"no records under {tmp_path}"):
        call("list", "--out", tmp_path)


def test_show_prints_the_whole_record(out: Path) -> None:
    key = Store(out).records(RATING)[0].key
    shown = json.loads(call("show", key[:8], "--out", out).stdout)

    assert shown["key"] == key
    assert shown["label"] == "bias"


@pytest.mark.parametrize("key", ["zz", ""])
def test_show_needs_a_key_that_names_one_record(out: Path, key: str) -> None:
    with pytest.raises(DataError, match="records have a key that starts with"):
        call("show", key, "--out", out)


def test_validate_finds_nothing_in_a_whole_store(out: Path) -> None:
    result = call("validate", "--out", out)

    assert result.exit_code == 0
    assert f"{TOP_N}: 2 records, 0 bad" in result.stdout


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        pytest.param("json", b"<<<<<<< HEAD\n", "does not match its name", id="merge"),
        pytest.param("json", b"", "does not match its name", id="an empty record"),
        pytest.param("npz", b"PK", "does not match its name", id="a damaged blob"),
        pytest.param("npz", None, "it is missing", id="a missing blob"),
    ],
)
def test_validate_names_what_is_bad(
    out: Path, kind: str, change: bytes | None, reason: str
) -> None:
    path = one(out, kind)
    if change is None:
        path.unlink()
    else:
        path.write_bytes(change)
    result = call("validate", "--out", out)

    assert result.exit_code == 1
    assert f"{path}: {reason}" in result.stdout or reason in result.stdout
    assert "1 bad" in result.stdout


def test_merge_copies_records_with_their_blobs_and_nothing_else(
    out: Path, tmp_path: Path
) -> None:
    (one(out, "json").parent / "evil.sh").write_text("rm -rf /")
    target = tmp_path / "all"
    first = call("merge", out, "--out", target)
    second = call("merge", out, "--out", target)

    assert "9 copied, 0 already there" in first.stdout
    assert "0 copied, 9 already there" in second.stdout
    assert not list(target.rglob("*.sh"))
    assert Store(target).records(TOP_N) == Store(out).records(TOP_N)


@pytest.mark.parametrize("kind", ["json", "npz"])
def test_merge_mends_a_damaged_file(out: Path, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "all"
    call("merge", out, "--out", target)
    one(target, kind).write_bytes(b"rot")
    result = call("merge", out, "--out", target)

    assert "1 copied, 8 already there" in result.stdout
    assert Store(target).damaged(TOP_N) == []


def test_merge_leaves_a_record_without_its_blob_behind(
    out: Path, tmp_path: Path
) -> None:
    one(out, "npz").unlink()
    result = call("merge", out, "--out", tmp_path / "all")

    assert "it is missing" in result.stderr
    assert len(Store(tmp_path / "all").records(TOP_N)) == 1
    assert Store(tmp_path / "all").damaged(TOP_N) == []


@pytest.mark.parametrize("kind", ["json", "npz"])
def test_merge_follows_no_link(out: Path, tmp_path: Path, kind: str) -> None:
    path = one(out, kind)
    secret = tmp_path / "secret"
    secret.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(secret)
    result = call("merge", out, "--out", tmp_path / "all")

    assert "left out" in result.stderr
    assert len(Store(tmp_path / "all").records(TOP_N)) == 1


def test_merge_is_the_same_in_any_order(out: Path, tmp_path: Path) -> None:
    parts = [tmp_path / "one", tmp_path / "two"]
    for suite, part in zip((RATING, TOP_N), parts, strict=True):
        shutil.copytree(out / suite, part / suite)
    call("merge", *parts, "--out", tmp_path / "ab")
    call("merge", *reversed(parts), "--out", tmp_path / "ba")

    assert files(tmp_path / "ab") == files(tmp_path / "ba") == files(out)


def files(root: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in root.rglob("results/*/*")
        if p.is_file()
    }


def test_export_has_a_line_for_each_metric(out: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(call("export", "--out", out).stdout)))
    whole = json.loads(call("export", "--format", "json", "--out", out).stdout)

    assert len(rows) == len(whole)
    assert {r["metric"] for r in rows if r["suite"] == RATING} == {"rmse", "mae"}
    [rmse] = [r for r in rows if r["metric"] == "rmse"]
    assert float(rmse["value"]) == Store(out).records(RATING)[0].metrics["rmse"].value
