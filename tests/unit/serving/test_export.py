"""Exported vectors, loaded back, rank as the harness does."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import recbench
from recbench.cli.main import cli
from recbench.errors import ContractError, DataError, UsageError
from recbench.runner.view import join
from recbench.serving import artefact as artefacts
from recbench.serving import fitting, formats
from recbench.serving.artefact import Artefact
from recbench.serving.export import export, of_fitted

K = 50


def written(made, form, folder):
    pytest.importorskip(formats.NEEDS[form])
    artefacts.write(made, form, folder)
    return artefacts.load_vectors(folder)


def seen_ids(fits):
    view = fits.prepared.view
    known = join([view.train, view.validation])
    return fits.dataset.user_ids[known.users], fits.dataset.item_ids[known.items]


@pytest.fixture(scope="module")
def stored(fits, lists_of_a_run):
    """The lists that a run of the same models stores: raw user id to raw item ids."""
    return lists_of_a_run(fits)


@pytest.mark.parametrize("form", formats.FORMATS)
def test_what_is_loaded_back_gives_the_lists_that_a_run_stores(
    fits, stored, form, tmp_path
) -> None:
    for label, fitted in fits.fitted.items():
        made = of_fitted(fits, fitted)
        back = written(made, form, tmp_path / label)

        lists, scores = back.recommend(list(stored[label]), K, seen=seen_ids(fits))

        expected = list(stored[label].values())
        assert [row.tolist() for row in lists] == expected, label
        assert all((np.diff(row) <= 0).all() for row in scores)


def test_the_faiss_index_alone_gives_the_lists_that_a_run_stores(
    fits, stored, tmp_path
) -> None:
    faiss = pytest.importorskip("faiss")
    label = next(name for name in fits.fitted if name.startswith("bpr"))
    artefacts.write(of_fitted(fits, fits.fitted[label]), "faiss", tmp_path / "out")

    index = faiss.read_index(str(tmp_path / "out" / "items.faiss"))
    vectors = np.load(tmp_path / "out" / "users.npy")
    row = {u: r for r, u in enumerate(np.load(tmp_path / "out" / "user_ids.npy"))}
    users, items = seen_ids(fits)
    for user, expected in list(stored[label].items())[:100]:
        seen = set(items[users == user].tolist())
        query = vectors[row[user]][None]
        _, found = index.search(query, 10 + len(seen))  # over-fetch, then drop

        assert [i for i in found[0].tolist() if i not in seen][:10] == expected[:10]


@pytest.mark.parametrize("form", formats.FORMATS)
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    ids=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
        min_size=1,
        max_size=6,
        unique=True,
    )
)
def test_ids_that_are_text_survive(form, ids, tmp_path) -> None:
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    vectors = np.arange(2 * len(ids), dtype=np.float32).reshape(-1, 2)
    made = Artefact(
        user_ids=np.array([3, 1]),
        user_vectors=np.eye(2, dtype=np.float32),
        item_ids=np.array(ids, dtype=np.str_),
        item_vectors=vectors,
        manifest={"split": {"seed": 0}},
    )

    back = written(made, form, folder)

    assert back.item_ids.tolist() == ids
    assert back.user_ids.tolist() == [3, 1]
    np.testing.assert_array_equal(back.item_vectors, vectors)
    np.testing.assert_array_equal(back.user_vectors, made.user_vectors)
    assert back.recommend([1], 1)[0][0].tolist() == [ids[-1]]


def test_users_without_a_training_row_and_items_that_are_no_candidates_stay_out(
    made_up,
) -> None:
    view = made_up.prepared.view
    kept = np.ones(len(view.candidates), dtype=bool)
    kept[[2, 5]] = False
    lonely = replace(
        view, candidates=kept, train=view.train.take(np.flatnonzero(view.train.users))
    )
    changed = replace(made_up, prepared=replace(made_up.prepared, view=lonely))

    made = of_fitted(changed, changed.fitted["made-up"])

    ids = made_up.dataset
    assert made.user_ids.tolist() == ids.user_ids[1:].tolist()
    assert made.item_ids.tolist() == ids.item_ids[kept].tolist()
    assert made.manifest["n_items"] == kept.sum()
    with pytest.raises(UsageError, match="no vector of user"):
        made.recommend([ids.user_ids[0]])


def test_the_manifest_says_where_vectors_come_from_and_how_to_score(
    fits, tmp_path
) -> None:
    label, fitted = next(iter(fits.fitted.items()))
    artefacts.write(of_fitted(fits, fitted), "parquet", tmp_path / "out")

    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())

    assert manifest["metric"] == "inner_product"
    assert manifest["recbench"] == recbench.__version__
    assert manifest["dataset"]["fingerprint"] == fits.dataset.fingerprint()
    assert manifest["params"]["embedding_dim"] == 8
    assert manifest["dimension"] == fitted.item_vectors.shape[1]
    assert manifest["measured"]["ndcg@10"] == fitted.record.metrics["ndcg@10"].value
    assert label.startswith(manifest["model"])
    assert set(manifest["files"]) == {"items.parquet", "users.parquet"}


def test_two_exports_of_the_same_vectors_are_the_same_bytes(fits, tmp_path) -> None:
    fitted = next(iter(fits.fitted.values()))
    for name in ("a", "b"):
        artefacts.write(of_fitted(fits, fitted), "parquet", tmp_path / name)

    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_a_damaged_file_is_refused(made_up, tmp_path) -> None:
    made = of_fitted(made_up, made_up.fitted["made-up"])
    artefacts.write(made, "parquet", tmp_path / "out")
    file = tmp_path / "out" / "items.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"x")

    with pytest.raises(DataError, match=r"items\.parquet is missing or no longer"):
        artefacts.load_vectors(tmp_path / "out")


def test_a_folder_that_is_none_of_ours_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="holds no exported vectors"):
        artefacts.load_vectors(tmp_path)


def test_a_folder_in_use_is_left_alone(made_up, tmp_path) -> None:
    made = of_fitted(made_up, made_up.fitted["made-up"])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")

    with pytest.raises(DataError, match="exists already"):
        artefacts.write(made, "parquet", tmp_path / "out")

    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "mine").read_text() == "mine"


def test_a_folder_of_its_own_gets_a_number_where_there_is_one(
    monkeypatch, tmp_path
) -> None:
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    folders = [export("pure-svd", "sample", form="parquet")[0] for _ in range(3)]

    name = "pure-svd-sample-parquet"
    assert folders == [Path(name), Path(f"{name}-2"), Path(f"{name}-3")]
    for folder in folders:
        assert artefacts.load_vectors(folder).item_vectors.shape[0] == 300


def test_a_write_that_fails_leaves_nothing(made_up, tmp_path, monkeypatch) -> None:
    from recbench.serving.formats import as_parquet

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(as_parquet.pq, "write_table", full)
    made = of_fitted(made_up, made_up.fitted["made-up"])

    with pytest.raises(DataError, match="No space left"):
        artefacts.write(made, "parquet", tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


def test_a_format_without_its_package_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(UsageError, match=r"recbench-harness\[ann\]"):
        export("ials", "sample", form="safetensors")


def test_a_model_without_vectors_is_skipped_before_it_is_fitted(fits) -> None:
    [record] = [r for r in fits.records if r.model == "ease"]

    assert record.status == "skipped"
    assert "no user_vectors" in record.message
    assert "fit" not in record.seconds
    assert "ease" not in fits.fitted


@pytest.mark.parametrize(
    ("array", "message"),
    [
        pytest.param(np.ones((3, 2), "f4"), r"shape \(3, 2\)", id="rows"),
        pytest.param(np.ones(4, "f4"), "one vector a row", id="flat"),
        pytest.param(np.full((4, 2), np.nan, "f4"), "NaN", id="nan"),
        pytest.param(np.ones((4, 2), "i4"), "dtype int32", id="integers"),
        pytest.param(None, "missing or damaged", id="missing"),
    ],
)
def test_vectors_that_break_the_contract_are_refused(array, message, tmp_path) -> None:
    np.save(tmp_path / "user_vectors.npy", np.ones((5, 2), "f4"))
    if array is not None:
        np.save(tmp_path / "item_vectors.npy", array)

    with pytest.raises(ContractError, match=message):
        fitting.read_vectors(tmp_path, n_users=5, n_items=4)


def test_a_header_that_claims_more_than_there_is_is_refused(tmp_path) -> None:
    np.save(tmp_path / "item_vectors.npy", np.ones((4, 2), "f4"))
    path = tmp_path / "item_vectors.npy"
    path.write_bytes(path.read_bytes().replace(b"(4, 2)", b"(4, 9)"))

    with pytest.raises(ContractError, match="missing or damaged"):
        fitting.read_vectors(tmp_path, n_users=5, n_items=4)


def test_the_command_writes_what_load_reads(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path / "cache"))
    folder: Path = tmp_path / "vectors"
    words = ["export", "pure-svd[embedding_dim=4]", "sample", "--format", "parquet"]

    done = CliRunner().invoke(cli, [*words, "--path", str(folder)])

    assert done.exit_code == 0, done.output
    assert "inner product" in done.stdout
    back = artefacts.load_vectors(folder)
    assert back.item_vectors.shape == (300, 4)
    assert back.manifest["command"].startswith("recbench export 'pure-svd[")

    again = CliRunner().invoke(cli, [*words, "--path", str(folder)])
    assert isinstance(again.exception, DataError)
