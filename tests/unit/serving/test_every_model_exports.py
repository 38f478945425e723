"""Every model with vectors is exported, and the file alone gives the run's lists.

Files are opened with the libraries they are made for, and searched by a plain product.
"""

from pathlib import Path

import numpy as np
import pytest

from recbench.runner.view import join
from recbench.serving import artefact as artefacts
from recbench.serving.bench import serve_bench
from recbench.serving.export import of_fitted
from recbench.serving.fitting import Order, fit_vectors

K = 10
KNOWN = {  # a model may be added; none of these may lose its vectors
    "autorec", "bpr-mf", "factorization-machine", "feature-two-tower", "ials",
    "lightfm", "lightgcn", "mult-vae", "multi-dae", "pure-svd", "sgd-mf", "svd",
    "two-tower",
}  # fmt: skip


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    """All models of top-n, fitted on ``sample``; those with vectors left them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        return fit_vectors(Order(suite="sample"))


@pytest.fixture(scope="module")
def stored(fits, lists_of_a_run):
    """The lists that a run of the same models stores: raw user id to raw item ids."""
    return lists_of_a_run(fits)


def test_models_have_vectors_or_say_that_they_have_none(fits) -> None:
    assert set(fits.fitted) >= KNOWN
    for record in fits.records:
        if record.label not in fits.fitted:
            assert record.status == "skipped"
            assert "vectors" in record.message


@pytest.mark.parametrize("form", ["faiss", "safetensors", "parquet"])
def test_the_files_alone_give_the_lists_of_a_run(fits, stored, form, tmp_path) -> None:
    pytest.importorskip({"parquet": "pyarrow"}.get(form, form))
    view = fits.prepared.view
    known = join([view.train, view.validation])
    seen_users = fits.dataset.user_ids[known.users]
    seen_items = fits.dataset.item_ids[known.items]

    for label, fitted in fits.fitted.items():
        folder = tmp_path / label
        artefacts.write(of_fitted(fits, fitted), form, folder)
        user_ids, users, item_ids, items = READERS[form](folder)

        rows = {user: row for row, user in enumerate(user_ids.tolist())}
        places = {item: place for place, item in enumerate(item_ids.tolist())}
        for user, listed in stored[label].items():
            expected = listed[:K]
            scores = items.astype(np.float64) @ users[rows[user]]
            scores[[places[i] for i in seen_items[seen_users == user]]] = -np.inf
            worst = np.sort(scores)[::-1][: len(expected)]
            found = scores[[places[item] for item in expected]]
            np.testing.assert_allclose(found, worst, rtol=1e-5, atol=1e-6)


def test_vector_search_is_measured_for_every_one_of_them(fits, monkeypatch, tmp_path):
    pytest.importorskip("faiss")
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path))

    report = serve_bench(sorted(fits.fitted), "sample", k=K, indexes=["flat"])

    assert {row.model for row in report.rows} == set(fits.fitted)
    assert {row.recall for row in report.rows} == {1.0}


def from_faiss(folder: Path):
    import faiss

    index = faiss.read_index(str(folder / "items.faiss"))
    ids = np.load(folder / "item_ids.npy")
    vectors = np.vstack([index.reconstruct(int(item)) for item in ids])
    return np.load(folder / "user_ids.npy"), np.load(folder / "users.npy"), ids, vectors


def from_safetensors(folder: Path):
    from safetensors import safe_open

    [path] = folder.glob("*.safetensors")
    with safe_open(path, framework="np") as file:
        names = ("user_ids", "user_vectors", "item_ids", "item_vectors")
        return tuple(file.get_tensor(name) for name in names)


def from_parquet(folder: Path):
    import pandas as pd

    tables = [
        pd.read_parquet(folder / f"{name}.parquet") for name in ("users", "items")
    ]
    return tuple(
        column
        for table in tables
        for column in (table["id"].to_numpy(), np.vstack(table["vector"].to_list()))
    )


READERS = {
    "faiss": from_faiss,
    "safetensors": from_safetensors,
    "parquet": from_parquet,
}
