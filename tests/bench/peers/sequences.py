"""Seconds of the processor that a pass of a sequential model takes, and what it learns.

    python sequences.py recbole|recbench gru4rec|sasrec FOLDER [PASSES]

RecBole makes a sample of every prefix; ours trains all positions of a window in one
pass. A pass is over every training position either way: MovieLens-100K, the last two
items of each user left out, the former of them validation. Sizes, dropout, learning
rate, longest history, cross-entropy over the whole catalogue and the positions of a
batch are the same; ours falls to 0 over the passes. RecBole goes first and leaves its
split in FOLDER.

Prints the seconds and the ndcg@10 of validation and test after each pass, all items
ranked and none masked, a line at a time to stderr and all at the end.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

RATE, DROPOUT, LENGTH, POSITIONS = 4e-3, 0.2, 50, 2048
PASSES = {"recbole": 2, "recbench": 18}
NAMES = {"gru4rec": "GRU4Rec", "sasrec": "SASRec"}


Learned = list[tuple[float, float, float]]


def recbole(model: str, folder: Path, passes: int) -> Learned:
    """Train RecBole's model."""
    import torch
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import get_model, get_trainer

    torch.set_num_threads(1)
    told = {
        "train_batch_size": POSITIONS,
        "MAX_ITEM_LIST_LENGTH": LENGTH,
        "train_neg_sample_args": None,
        "learning_rate": RATE,
        "embedding_size": 64,
        "hidden_size": 64,
        "inner_size": 128,
        "n_layers": 1,
        "num_layers": 1,
        "n_heads": 2,
        "dropout_prob": DROPOUT,
        "hidden_dropout_prob": DROPOUT,
        "attn_dropout_prob": 0.0,
        "use_gpu": False,
        "show_progress": False,
        "state": "ERROR",
    }
    sys.argv = sys.argv[:1]
    config = Config(model=NAMES[model], dataset="ml-100k", config_dict=told)
    data = create_dataset(config)
    train, *held = data_preparation(config, data)
    samples = train.dataset.inter_feat
    asked, then = (part.dataset.inter_feat for part in held)
    assert (asked["user_id"] == then["user_id"]).all()
    np.savez(
        folder / "split.npz",
        users=samples["user_id"].numpy(),
        firsts=samples["item_id_list"][:, 0].numpy(),
        items=samples["item_id"].numpy(),
        asked=asked["user_id"].numpy(),
        targets=asked["item_id"].numpy(),
        finals=then["item_id"].numpy(),
    )
    net = get_model(NAMES[model])(config, train.dataset)
    trainer = get_trainer(config["MODEL_TYPE"], NAMES[model])(config, net)
    found: Learned = []
    seconds = 0.0
    for number in range(passes):
        start = time.process_time()
        trainer._train_epoch(train, number, show_progress=False)
        seconds += time.process_time() - start
        reached = [float(trainer._valid_epoch(part)[1]["ndcg@10"]) for part in held]
        keep(found, seconds, *reached)
    return found


def keep(found: Learned, seconds: float, validation: float, test: float) -> None:
    """Note what a pass has reached, and say so."""
    found.append((seconds, validation, test))
    print(len(found), *found[-1], file=sys.stderr, flush=True)


def recbench(model: str, folder: Path, passes: int) -> Learned:
    """Train ours on the split that RecBole left."""
    from recbench import FitContext, plugins
    from recbench.testing.threads import one_thread

    with np.load(folder / "split.npz") as split:
        train, questions = ours(**split)
    spec = plugins.load().models[model]
    dropout = ["dropout"] if model == "sasrec" else ["dropout_items", "dropout_states"]
    told = dict.fromkeys(dropout, DROPOUT) | {
        "loss": "cross-entropy",
        "negatives": 0,
        "embedding_dim": 64,
        "max_length": LENGTH,
        "batch_size": round(POSITIONS / LENGTH),
        "learning_rate": RATE,
        "epochs": passes,
        "patience": 0,
    }
    found: Learned = []
    spent = 0.0

    def validator(fitted) -> float:
        nonlocal spent
        paused = time.process_time()
        reached = [ndcg(fitted.score_queries(q), right) for q, right in questions]
        keep(found, paused - start - spent, *reached)
        spent += time.process_time() - paused
        return reached[0]

    context = FitContext(
        task="next-item", metric="ndcg@10", maximize=True, validator=validator
    )
    with one_thread():
        start = time.process_time()
        plugins.make(spec, "next-item", told).fit(train, context)
    return found


def ndcg(scores, targets) -> float:
    """Return the mean ndcg@10 of one right item for each row."""
    right = scores[np.arange(len(targets)), targets]
    above = (scores > right[:, None]).sum(axis=1)
    return float(np.where(above < 10, 1 / np.log2(above + 2), 0.0).mean())


def ours(*, users, firsts, items, asked, targets, finals):
    """Return training rows and both questions of RecBole's samples; ids from 0.

    A question is its queries and the right items: first that of validation, and then
    that of the test, in whose histories the item of validation stands last.
    """
    from recbench import Interactions, Queries

    new = np.flatnonzero(np.r_[True, users[1:] != users[:-1]])  # first sample of each
    assert len(new) == len(np.unique(users)) == len(asked)
    owners = np.insert(users, new, users[new]) - 1
    rows = np.insert(items, new, firsts[new]) - 1
    train = Interactions(
        users=owners.astype(np.int32),
        items=rows.astype(np.int32),
        timestamps=np.arange(len(rows), dtype=np.int64),
        n_users=int(owners.max()) + 1,
        n_items=int(max(rows.max() + 1, targets.max(), finals.max())),
    )
    groups = train.by_user()
    before = [
        rows[groups.rows[groups.offsets[u] : groups.offsets[u + 1]]] for u in asked - 1
    ]
    after = [
        np.append(part, item) for part, item in zip(before, targets - 1, strict=True)
    ]

    def queries(parts):
        ends = np.cumsum([len(part) for part in parts])
        return Queries(
            users=(asked - 1).astype(np.int32),
            offsets=np.concatenate(([0], ends)).astype(np.int64),
            items=np.concatenate(parts).astype(np.int32),
        )

    return train, [(queries(before), targets - 1), (queries(after), finals - 1)]


if __name__ == "__main__":
    whose, name, folder, *passes = sys.argv[1:]
    count = int(passes[0]) if passes else PASSES[whose]
    print(json.dumps(globals()[whose](name, Path(folder).resolve(), count)))
