"""What serve-bench says of an index is what can be counted by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from recbench.cli.main import cli
from recbench.errors import NothingRanError, UsageError
from recbench.leaderboard import shapes
from recbench.serving import bench as benches
from recbench.serving import exact, indexes, measuring, plot, text
from recbench.serving.report import OVER_FETCH, SELECTOR, Report
from recbench.serving.worker import Asker

K = 10


def needs(kind):
    pytest.importorskip(indexes.KINDS[kind].module)


@pytest.fixture(scope="module")
def bench(made_up):
    return exact.prepare(made_up, made_up.fitted["made-up"], k=K, most=5000)


def brute_force(bench, scores):
    """Top-k lists by a loop, of a matrix of scores of which larger is better."""
    view = bench.fits.prepared.view
    seen = {(u, i) for t in (view.train, view.validation) for u, i in pairs(t)}
    lists = []
    for row, user in enumerate(bench.users):
        items = [
            i
            for i in np.argsort(-scores[row], kind="stable")
            if view.candidates[i] and (user, i) not in seen
        ]
        lists.append(items[:K])
    return np.array(lists, dtype=np.int32)


def pairs(table):
    return zip(table.users.tolist(), table.items.tolist(), strict=True)


def vectors(bench):
    u = bench.fitted.user_vectors[bench.users].astype(float)
    return u, bench.fitted.item_vectors.astype(float)


def test_the_exact_ranking_is_that_of_inner_products(bench) -> None:
    u, v = vectors(bench)

    np.testing.assert_array_equal(bench.lists, brute_force(bench, u @ v.T))


def test_rows_of_the_index_stand_for_candidates_in_tie_order(bench) -> None:
    keys = bench.rules.keys[bench.order]

    assert (np.diff(keys.astype(object)) > 0).all()
    assert set(bench.order) == set(np.flatnonzero(bench.rules.candidates))
    user = 7
    mine = bench.order[bench.seen[bench.offsets[user] : bench.offsets[user + 1]]]
    view = bench.fits.prepared.view
    known = {
        i
        for t in (view.train, view.validation)
        for u, i in pairs(t)
        if u == bench.users[user] and view.candidates[i]
    }
    assert set(mine.tolist()) == known


@pytest.mark.parametrize("select", [False, True])
def test_flat_finds_everything_and_loses_nothing(bench, select) -> None:
    needs("flat")
    [row], version = measuring.measured(bench, "flat", select=select)

    assert row.recall == 1
    assert row.figure == bench.figure
    assert row.lost == 0
    assert row.filter == (SELECTOR if select else OVER_FETCH)
    assert 0 < row.p50_ms <= row.p99_ms
    assert row.queries_per_second > 0
    assert row.size_mib >= bench.fitted.item_vectors[bench.order].nbytes / 2**20
    assert version[0].isdigit()


@pytest.mark.parametrize("kind", ["ivf", "hnsw", "usearch"])
def test_an_approximate_index_searches_by_inner_product(bench, kind) -> None:
    needs(kind)
    rows, _ = measuring.measured(bench, kind, select=False)

    best = max(row.recall for row in rows)
    assert best > 0.9
    # by distance or by angle other items come first: such an index could not pass
    u, v = vectors(bench)
    squares = (v**2).sum(axis=1)
    by_distance = brute_force(bench, 2 * u @ v.T - squares)
    by_angle = brute_force(bench, u @ v.T / np.sqrt(squares))
    assert measuring.recall(bench, by_distance) < 0.5
    assert measuring.recall(bench, by_angle) < 0.7


def test_a_wider_search_of_an_inverted_file_finds_more(bench) -> None:
    needs("ivf")
    rows, _ = measuring.measured(bench, "ivf", select=False)

    recalls = [row.recall for row in rows]
    assert recalls == sorted(recalls)
    assert recalls[0] < 0.7
    assert rows[0].setting == "nprobe=1"
    assert rows[0].lost == pytest.approx(1 - rows[0].figure / bench.figure)


def test_a_worker_is_given_no_test_interaction(bench, tmp_path) -> None:
    measuring._write_job(bench, "flat", tmp_path, select=False)

    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"job.json", "items.npy", "queries.npy", "seen.npy", "offsets.npy"}
    test = bench.fits.prepared.test
    held_out = set(pairs(test))
    seen = np.load(tmp_path / "seen.npy")
    counts = np.diff(np.load(tmp_path / "offsets.npy"))
    given = zip(np.repeat(bench.users, counts), bench.order[seen], strict=True)
    assert not held_out & set(given)


def search_by(scores):
    """A search that knows the scores of all rows and leaves out what is excluded."""

    def search(query, n, excluded):
        left = np.setdiff1d(np.arange(len(scores)), excluded)
        best = left[np.argsort(-scores[left], kind="stable")][:n]
        return scores[best], best

    return search


@pytest.mark.parametrize("select", [False, True])
def test_seen_items_are_dropped_and_lists_stay_full(select, tmp_path) -> None:
    np.save(tmp_path / "items.npy", np.zeros((5, 1), "f4"))
    np.save(tmp_path / "queries.npy", np.zeros((2, 1), "f4"))
    np.save(tmp_path / "seen.npy", np.array([4, 3, 0]))
    np.save(tmp_path / "offsets.npy", np.array([0, 2, 3]))
    search = search_by(np.arange(5, dtype=np.float32))
    asker = Asker(tmp_path, search, k=3, select=select)

    rows, scores = asker.everything()

    assert rows.tolist() == [[2, 1, 0], [4, 3, 2]]
    assert scores.tolist() == [[2, 1, 0], [4, 3, 2]]
    assert asker.timed().shape[1] == 2


def test_a_user_who_has_seen_nearly_everything_gets_a_short_list(tmp_path) -> None:
    np.save(tmp_path / "items.npy", np.zeros((3, 1), "f4"))
    np.save(tmp_path / "queries.npy", np.zeros((1, 1), "f4"))
    np.save(tmp_path / "seen.npy", np.array([0, 2]))
    np.save(tmp_path / "offsets.npy", np.array([0, 2]))
    asker = Asker(tmp_path, search_by(np.ones(3, "f4")), k=2, select=False)

    rows, scores = asker.everything()

    assert rows.tolist() == [[1, -1]]
    assert np.isnan(scores[0, 1])


def test_recall_counts_what_is_found_and_forgives_ties(bench) -> None:
    holes = bench.lists.copy()
    holes[:, 5:] = -1
    assert measuring.recall(bench, bench.lists) == 1
    assert measuring.recall(bench, holes) == pytest.approx(0.5)
    # all scores are equal: any unseen item is as good as the exact ones
    zero = replace(
        bench,
        fitted=replace(
            bench.fitted, user_vectors=np.zeros_like(bench.fitted.user_vectors)
        ),
        scores=np.zeros_like(bench.scores),
    )
    other = bench.lists[:, ::-1] * 0 + np.arange(K, dtype=np.int32)
    assert measuring.recall(zero, other) == 1
    assert measuring.recall(bench, other) < 0.5


def test_equal_scores_come_in_tie_order() -> None:
    rows = np.array([[3, 1, 2, -1]])
    scores = np.array([[2.0, 1.0, 1.0, np.nan]], dtype=np.float32)
    order = np.array([10, 11, 12, 13])

    swapped = rows[:, [0, 2, 1, 3]]

    assert measuring.in_tie_order(rows, scores, order).tolist() == [[13, 11, 12, -1]]
    assert measuring.in_tie_order(swapped, scores, order).tolist() == [[13, 11, 12, -1]]


def test_a_sample_of_users_is_measured_as_a_sample(made_up) -> None:
    fitted = made_up.fitted["made-up"]
    few = exact.prepare(made_up, fitted, k=K, most=20)
    whole = exact.prepare(made_up, fitted, k=K, most=5000)

    assert len(few.users) == 20
    at = np.searchsorted(whole.users, few.users)
    np.testing.assert_array_equal(few.lists, whole.lists[at])
    assert few.figure != whole.figure
    assert few.figure > 0


def test_an_index_whose_process_fails_is_reported(bench, monkeypatch) -> None:
    monkeypatch.setattr(measuring.sys, "executable", "false")

    with pytest.raises(measuring.IndexFailedError, match="status 1"):
        measuring.measured(bench, "flat", select=False)


def test_a_library_that_is_absent_is_named_and_the_others_go_on(monkeypatch) -> None:
    real = indexes.importlib.util.find_spec
    monkeypatch.setattr(
        indexes.importlib.util,
        "find_spec",
        lambda name: None if name == "usearch" else real("json"),
    )

    kinds, absent = benches._installed(["flat", "usearch"])

    assert kinds == ["flat"]
    assert absent[0][0] == "index usearch"
    assert "recbench-harness[ann]" in absent[0][1]
    with pytest.raises(NothingRanError, match="usearch"):
        benches._installed(["usearch"])


def test_an_unknown_index_is_named() -> None:
    with pytest.raises(UsageError, match="did you mean hnsw"):
        benches.serve_bench(suite="sample", indexes=["hsnw"])


def test_ratings_are_not_served_from_an_index(tmp_path, monkeypatch) -> None:
    needs("flat")
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path))

    with pytest.raises(UsageError, match="not for the task top-n"):
        benches.serve_bench("global-mean", "sample/rating")


def test_the_command_measures_prints_and_writes(tmp_path, monkeypatch) -> None:
    needs("flat")
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path / "cache"))
    words = ["serve-bench", "sample", "-m", "pure-svd", "-m", "ease", "-k", "5"]
    words += ["--indexes", "flat,ivf", "--format", "json", "--out", str(tmp_path)]

    done = CliRunner().invoke(cli, words)

    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["metric"] == "ndcg@5"
    [flat] = [row for row in report["rows"] if row["index"] == "flat"]
    assert flat["recall"] == 1
    assert flat["speedup"] == 1
    assert {row["index"] for row in report["rows"]} == {"flat", "ivf"}
    assert report["models"][0]["model"] == "pure-svd"
    assert ["ease", "it has no user_vectors, so there are no vectors to serve"] in (
        report["skipped"]
    )
    folder = tmp_path / "sample" / "top-n" / "serving"
    assert json.loads((folder / "serving.json").read_text()) == report
    assert "recall-latency.svg" in (folder / "README.md").read_text()
    assert (folder / "recall-latency.svg").read_text().startswith("<?xml")


def test_nothing_to_serve_is_said_with_reasons(tmp_path, monkeypatch) -> None:
    needs("flat")
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path))

    with pytest.raises(NothingRanError, match="most-popular: it has no user_vectors"):
        benches.serve_bench("most-popular", "sample")


@pytest.fixture(scope="module")
def report(bench) -> Report:
    needs("flat")
    rows, version = measuring.measured(bench, "flat", select=False)
    return Report(
        suite="sample/top-n",
        dataset={"name": "sample"},
        seed=0,
        k=K,
        metric="ndcg@10",
        seen="remove",
        models=(bench.served(),),
        rows=tuple(measuring.with_speedups(rows)),
        skipped=(("ease", "it has | no vectors"),),
        failed=(("made-up in hnsw", "it broke"),),
        versions={"faiss": version},
    )


def test_a_report_says_how_seen_items_were_kept_out(report) -> None:
    shown = text.render(report)

    assert "made-up: " in shown
    assert f" {shapes.times(1.0)} " in shown
    assert "as the user has seen are fetched" in " ".join(shown.split())
    assert "Failed: made-up in hnsw: it broke." in shown
    assert report.exit_code == 1
    assert replace(report, failed=()).exit_code == 0


def test_a_report_is_escaped_in_markdown(report) -> None:
    page = text.to_markdown(report, "picture.svg")

    assert "it has &#124; no vectors" in page
    assert "![Recall against latency](picture.svg)" in page


def test_the_plot_follows_from_the_report(report) -> None:
    assert plot.file(report) == plot.file(report)
    assert b"<svg" in plot.file(report)
