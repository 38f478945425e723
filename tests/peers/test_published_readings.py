"""One model's lists in three published readings: WarpRec's reproducibility Table 5.

Item-kNN (10 neighbours, cosine) on the ml-1m split of that table. The three frameworks
train three different item-kNNs: RecBole on binary input, the others on ratings; WarpRec
keeps the neighbours of each source item, the others of each target item. Ties among
neighbours fall as they fall, which moves the last digits of two of them.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recbench.dialects.scores import in_dialects

HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("RECBENCH_SHARED_DATA", HERE.parents[3] / "shared/data"))
RATINGS = SHARED / "ml-1m" / "ratings.csv"
TEST = SHARED / "ml-1m" / "warprec_table5" / "test.tsv"
NEIGHBOURS = LENGTH = 10
# elliot and warprec nDCG, recbole nDCG, P, R, MRR, elliot MAP, recbole and warprec MAP
PUBLISHED = {
    "RecBole": (0.0724, 0.0884, 0.0692, 0.0695, 0.1760, 0.0767, 0.0406),
    "Elliot": (0.0808, 0.0932, 0.0733, 0.0723, 0.1828, 0.0815, 0.0434),
    "WarpRec": (0.0825, 0.0949, 0.0764, 0.0700, 0.1880, 0.0852, 0.0438),
}


def item_knn(users, items, values, shape, *, by_source):
    """Return the top lists (n_users, LENGTH) of item codes, seen items removed."""
    seen = sparse.csr_matrix((values, (users, items)), shape=shape)
    product = (seen.T @ seen).toarray()
    norm = np.sqrt(np.diag(product))
    norm[norm == 0] = 1
    cosine = product / np.outer(norm, norm)
    np.fill_diagonal(cosine, 0)
    from_each = cosine if by_source else cosine.T
    near = np.argpartition(-from_each, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    kept = np.zeros_like(from_each)
    np.put_along_axis(kept, near, np.take_along_axis(from_each, near, 1), 1)
    scores = (seen @ sparse.csr_matrix(kept if by_source else kept.T)).toarray()
    scores[seen.nonzero()] = -np.inf
    return np.argsort(-scores, axis=1, kind="stable")[:, :LENGTH]


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.skipif(not TEST.exists(), reason=f"{TEST} is not here")
@pytest.mark.parametrize("framework", list(PUBLISHED))
def test_the_published_readings_of_one_model(framework):
    ratings = pd.read_csv(RATINGS, usecols=["user", "item", "rating"])
    truth = pd.read_csv(
        TEST, sep="\t", names=["user", "item", "rating"], usecols=[0, 1, 2]
    )
    held_out = pd.MultiIndex.from_frame(truth[["user", "item"]])
    train = ratings[~pd.MultiIndex.from_frame(ratings[["user", "item"]]).isin(held_out)]
    user_names, item_names = np.unique(ratings["user"]), np.unique(ratings["item"])
    values = train["rating"].to_numpy(dtype=float)
    top = item_knn(
        np.searchsorted(user_names, train["user"]),
        np.searchsorted(item_names, train["item"]),
        np.ones(len(train)) if framework == "RecBole" else values,
        (len(user_names), len(item_names)),
        by_source=framework == "WarpRec",
    )
    lists = {
        "user": np.repeat(user_names, LENGTH),
        "item": item_names[top].ravel(),
        "rank": np.tile(np.arange(1, LENGTH + 1), len(user_names)),
    }

    found = in_dialects(lists, truth, ["elliot", "recbole", "warprec"], k=[LENGTH])

    elliot, recbole, warprec = (
        {name.partition("@")[0]: s.mean for name, s in scores.metrics.items()}
        for scores in found
    )
    readings = [
        elliot["ndcg"],
        *(recbole[name] for name in ("ndcg", "precision", "recall", "mrr")),
        elliot["map"],
        recbole["map"],
    ]
    tolerance = 1.5e-4 if framework == "RecBole" else 8e-4
    assert readings == pytest.approx(PUBLISHED[framework], abs=tolerance)
    assert warprec["ndcg"] == pytest.approx(elliot["ndcg"], abs=1e-12)
    assert warprec["map"] == pytest.approx(recbole["map"], abs=1e-12)
