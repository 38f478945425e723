import shutil

import pytest
from click.testing import CliRunner

from recbench.cli.compare import command as compare
from recbench.cli.leaderboard import command as leaderboard
from recbench.errors import DataError, NothingRanError, StaleBoardError, UsageError
from recbench.leaderboard import publish
from recbench.results.store import Store


@pytest.fixture(scope="module")
def published(factory, stored, tmp_path_factory):
    """Return a folder with the records and pages of two suites."""
    folder = tmp_path_factory.mktemp("published")
    top = factory().add("ease", 0.4).add("most-popular", 0.1)
    top.add("broken", 0.1, status="failed", message="no")
    made = stored(top, folder)
    stored(factory("rating").add("svd", 0.8).add("bias", 0.9), made.root)
    publish.write(made, made.suites())
    return folder


@pytest.fixture
def store(published, tmp_path):
    """Return a store of one's own with these records and pages."""
    shutil.copytree(published, tmp_path / "leaderboards")
    return Store(tmp_path / "leaderboards")


def edit(path, old, new) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_what_was_built_holds(store) -> None:
    boards = publish.check(store, store.suites())

    assert [board.suite for board in boards] == ["ml-test/rating", "ml-test/top-n"]


def test_pages_tables_and_pictures_are_written(store) -> None:
    names = {
        str(path.relative_to(store.root))
        for path in store.root.rglob("*")
        if path.is_file() and "results" not in path.parts
    }

    assert names >= {
        "README.md",
        "ml-test/top-n/README.md",
        "ml-test/top-n/board.csv",
        "ml-test/top-n/board.json",
        "ml-test/top-n/plots/metrics.svg",
        "ml-test/rating/README.md",
    }


def test_the_page_links_only_pictures_that_exist(store) -> None:
    folder = store.folder("ml-test/top-n")
    page = (folder / "README.md").read_text()
    linked = [part.split(")")[0] for part in page.split("](plots/")[1:]]

    assert linked
    assert {f"{name}" for name in linked} == {
        path.name for path in (folder / "plots").iterdir()
    }


def test_building_again_changes_nothing(store) -> None:
    files = [p for p in store.root.rglob("*") if p.is_file()]
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in files}

    publish.write(store, store.suites())

    assert before == {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in files}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("README.md", "0.", "1."),
        ("board.csv", ",ok,", ",failed,"),
        ("board.json", '"rank": 1', '"rank": 2'),
    ],
)
def test_an_edited_file_is_refused_with_its_first_line(store, name, old, new) -> None:
    path = store.folder("ml-test/top-n") / name
    edit(path, old, new)

    with pytest.raises(StaleBoardError, match=rf"{name}, line \d+ is not") as error:
        publish.check(store, ["ml-test/top-n"])

    assert "found" in str(error.value)
    assert "expected" in str(error.value)


def test_an_edited_index_is_refused(store) -> None:
    edit(store.root / "README.md", "`ease`", "`mine`")

    with pytest.raises(StaleBoardError, match="line"):
        publish.check(store, store.suites())


def test_a_missing_page_is_refused(store) -> None:
    (store.folder("ml-test/top-n") / "board.csv").unlink()

    with pytest.raises(StaleBoardError, match=r"board\.csv is missing"):
        publish.check(store, store.suites())


def test_an_added_record_makes_the_board_stale(store, factory, stored) -> None:
    stored(factory().add("slim", 0.3), store.root)

    with pytest.raises(StaleBoardError):
        publish.check(store, ["ml-test/top-n"])


def test_a_damaged_record_is_refused(store) -> None:
    record = next(store.folder("ml-test/top-n").glob("results/*/*.json"))
    record.write_bytes(record.read_bytes().replace(b'"ok"', b'"OK"', 1) + b" ")

    with pytest.raises(StaleBoardError, match="does not match its name"):
        publish.check(store, ["ml-test/top-n"])


def test_a_damaged_blob_is_refused(store) -> None:
    blob = next(store.folder("ml-test/top-n").glob("results/*/*.npz"))
    blob.write_bytes(b"junk")

    with pytest.raises(StaleBoardError, match="does not match its name"):
        publish.check(store, ["ml-test/top-n"])


def test_a_picture_of_other_data_is_refused_and_drawn_anew(store) -> None:
    folder = store.folder("ml-test/top-n") / "plots"
    shutil.copy(folder / "metrics.svg", folder / "cost.svg")

    with pytest.raises(StaleBoardError, match=r"cost\.svg shows other data"):
        publish.check(store, ["ml-test/top-n"])

    publish.write(store, ["ml-test/top-n"])
    publish.check(store, ["ml-test/top-n"])


def test_a_picture_the_board_no_longer_has_is_removed(store) -> None:
    old = store.folder("ml-test/top-n") / "plots" / "ratings.svg"
    old.write_text("<svg/>")

    publish.write(store, ["ml-test/top-n"])

    assert not old.exists()


def test_two_peoples_records_add_up_to_one_board(factory, stored, tmp_path) -> None:
    mine = stored(factory().add("ease", 0.4), tmp_path / "mine")
    other = stored(factory().add("slim", 0.3), tmp_path / "other")
    both = stored(factory().add("ease", 0.4).add("slim", 0.3), tmp_path / "both")

    shutil.copytree(other.root, mine.root, dirs_exist_ok=True)
    publish.write(mine, mine.suites())
    publish.write(both, both.suites())

    for name in ("README.md", "board.csv", "board.json"):
        merged = mine.folder("ml-test/top-n") / name
        assert merged.read_bytes() == (both.folder("ml-test/top-n") / name).read_bytes()


def test_the_published_columns_serve_where_the_suite_is_unknown(store) -> None:
    path = store.folder("ml-test/top-n") / "board.json"
    edit(path, '"reference": ""', '"reference": "most-popular"')

    board = publish.load(store, "ml-test/top-n")

    assert board.layout.reference == "most-popular"
    assert board.rows[0].difference is not None


def test_a_data_set_names_all_its_suites(store) -> None:
    assert publish.chosen(store, ["ml-test"]) == ["ml-test/rating", "ml-test/top-n"]


def test_an_unknown_suite_names_those_with_records(store) -> None:
    with pytest.raises(UsageError, match="ml-test/top-n"):
        publish.chosen(store, ["ml-test/top"])


def test_an_empty_folder_says_what_to_do(tmp_path) -> None:
    with pytest.raises(NothingRanError, match="--out"):
        publish.chosen(Store(tmp_path), [])


def run(command, *args):
    result = CliRunner().invoke(command, args, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize(
    ("style", "mark"),
    [
        ("text", "ml-test/top-n"),
        ("markdown", "# ml-test/top-n"),
        ("html", "<!doctype html>"),
        ("csv", "rank,model,"),
        ("json", '"rank": 1'),
        ("latex", r"\begin{tabular}"),
    ],
)
def test_show_prints_each_format(store, style, mark) -> None:
    shown = run(
        leaderboard,
        "show",
        "ml-test/top-n",
        "--format",
        style,
        "--out",
        str(store.root),
    )

    assert mark in shown
    assert "ease" in shown


def test_the_commands_build_check_and_draw(store) -> None:
    out = ("--out", str(store.root))

    assert "ml-test/top-n/README.md" in run(leaderboard, "build", *out)
    assert "3 rows hold" in run(leaderboard, "check", *out)
    assert "metrics.svg" in run(leaderboard, "plots", "ml-test/top-n", *out)


def test_compare_prints_two_models(store) -> None:
    out = ("--out", str(store.root))

    shown = run(compare, "ease", "most-popular", *out)

    assert "ease (A) against most-popular (B)" in shown
    assert "NDCG@10: ease is better" in shown


def test_compare_prints_two_folders(store, factory, stored, tmp_path) -> None:
    other = stored(factory().add("ease", 0.3), tmp_path / "other")

    shown = run(compare, str(store.root), str(other.root))

    assert "first folder (A) against second (B)" in shown
    assert "ease, NDCG@10: A is better" in shown


def test_compare_in_json_has_interval_and_p_values(store) -> None:
    import json

    out = ("--out", str(store.root))

    lines = json.loads(run(compare, "svd", "bias", *out, "--format", "json"))

    assert [line["metric"] for line in lines] == ["rmse", "mae"]
    assert lines[0]["better"] == "a"
    assert lines[0]["difference"]["high"] < 0
    assert lines[0]["p"] <= lines[0]["p_adjusted"] < 0.05


@pytest.mark.parametrize("text", ["<<<<<<< ours", "[]", '{"rows": [{}]}', "null"])
def test_a_published_json_that_cannot_be_read_is_built_anew(store, text) -> None:
    path = store.folder("ml-test/top-n") / "board.json"
    before = path.read_text()
    path.write_text(text)

    with pytest.raises(StaleBoardError):
        publish.check(store, ["ml-test/top-n"])
    publish.write(store, ["ml-test/top-n"])

    assert path.read_text() == before


def test_a_format_for_programs_shows_one_suite_only(store) -> None:
    with pytest.raises(UsageError, match="ml-test/rating, ml-test/top-n"):
        run(
            leaderboard, "show", "ml-test", "--format", "json", "--out", str(store.root)
        )


def test_a_page_that_cannot_be_written_is_a_one_line_error(store) -> None:
    page = store.root / "README.md"
    page.unlink()
    page.mkdir()

    with pytest.raises(DataError, match="cannot be written"):
        run(leaderboard, "build", "--out", str(store.root))
