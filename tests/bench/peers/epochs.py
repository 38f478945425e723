"""Seconds of the processor that an epoch takes, of one library's models.

    python epochs.py recbench|recbole
    python epochs.py products

Both train on 80 % of MovieLens-100K with every rating positive, one negative a
positive, the same sizes and batches, on one thread. An epoch is the difference
between runs of six and of two, divided by four: what happens once does not count.
RecBole's own epoch is timed as it times itself, the fastest of four. Each runs as its
library runs it; recbench has its cells keep freed memory.

``products`` times the dense products alone that an epoch of Mult-VAE cannot do without:
two layers around the code and the last one, forward and for both gradients.
"""

import json
import sys
import time

import numpy as np

SIZES = {  # batch, and what else both libraries are told
    "bpr": {"batch": 2048, "embedding": 64},
    "neumf": {"batch": 2048, "embedding": 64, "hidden": (128, 64)},
    "multivae": {"batch": 2048, "hidden": (600,), "latent": 128},
    "lightgcn": {"batch": 2048, "embedding": 64, "layers": 3},
}
THEIRS = {
    "bpr": "BPR",
    "neumf": "NeuMF",
    "multivae": "MultiVAE",
    "lightgcn": "LightGCN",
}


def recbole() -> dict[str, float]:
    """Time RecBole's training epochs."""
    import torch
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import get_model, get_trainer
    from scipy.sparse import dok_matrix

    if not hasattr(dok_matrix, "_update"):  # gone from SciPy; RecBole's graphs ask it
        dok_matrix._update = lambda self, entries: self._dict.update(entries)
    torch.set_num_threads(1)
    found = {}
    for name, size in SIZES.items():
        model = THEIRS[name]
        told = {
            "train_batch_size": size["batch"],
            "embedding_size": size.get("embedding", 64),
            "mf_embedding_size": 64,
            "mlp_embedding_size": 64,
            "mlp_hidden_size": list(size.get("hidden", ())),
            "latent_dimension": size.get("latent", 0),
            "n_layers": size.get("layers", 0),
            "dropout_prob": 0.2,
            "use_gpu": False,
            "show_progress": False,
            "state": "ERROR",
        }
        if name == "multivae":
            told["train_neg_sample_args"] = None
        sys.argv = sys.argv[:1]
        config = Config(model=model, dataset="ml-100k", config_dict=told)
        data = create_dataset(config)
        train, _, _ = data_preparation(config, data)
        net = get_model(model)(config, train.dataset)
        trainer = get_trainer(config["MODEL_TYPE"], model)(config, net)
        seconds = []
        for epoch in range(4):
            start = time.process_time()
            trainer._train_epoch(train, epoch, show_progress=False)
            seconds.append(time.process_time() - start)
        found[name] = min(seconds)
    return found


def recbench() -> dict[str, float]:
    """Time ours."""
    from dataclasses import replace

    from recbench import FitContext, plugins
    from recbench.datasets.store import open_dataset
    from recbench.runner.memory import keep_freed
    from recbench.testing.threads import one_thread

    keep_freed()  # as the process of every cell does
    catalogue = plugins.load()
    table = open_dataset(catalogue.datasets["ml-100k"]).interactions
    rng = np.random.default_rng(0)
    kept = np.sort(rng.permutation(len(table))[: int(0.8 * len(table))])
    train = replace(table.take(kept), threshold=None)
    params = {
        "bpr": ("bpr-mf", {"embedding_dim": 64}),  # has no batches
        "neumf": (
            "ncf",
            {"variant": "neumf", "loss": "log", "offsets": False, "negatives": 1,
             "embedding_dim": 64, "hidden": (128, 64), "dropout": 0.2,
             "batch_size": 2048, "patience": 0},
        ),
        "multivae": (
            "mult-vae",
            {"hidden": (600,), "latent": 128, "batch_size": 2048, "patience": 0},
        ),
        "lightgcn": (
            "lightgcn",
            {"embedding_dim": 64, "layers": 3, "sampling": "pairs",
             "batch_size": 2048, "patience": 0},
        ),
    }  # fmt: skip
    found = {}
    with one_thread():
        for name, (model, told) in params.items():
            spent = {}
            for epochs in (2, 6, 2, 6):
                built = plugins.make(
                    catalogue.models[model], "top-n", told | {"epochs": epochs}
                )
                start = time.process_time()
                built.fit(replace(train), FitContext(task="top-n"))
                taken = time.process_time() - start
                spent[epochs] = min(taken, spent.get(epochs, taken))
            found[name] = (spent[6] - spent[2]) / 4
    return found


def products() -> dict[str, float]:
    """Time the dense products of an epoch, each at its fastest of twenty."""
    import torch

    torch.set_num_threads(1)
    users, items, hidden, latent = 943, 1696, 600, 128  # items: whole cache lines
    spent = 0.0
    for inner, outer in ((hidden, 2 * latent), (latent, hidden), (hidden, items)):
        x, weight = torch.randn(users, inner), torch.randn(outer, inner)
        slope = torch.randn(users, outer)
        for one, other in ((x, weight.T), (slope, weight), (slope.T, x)):
            seconds = []
            for _ in range(20):
                start = time.process_time()
                one @ other
                seconds.append(time.process_time() - start)
            spent += min(seconds)
    return {"multivae": spent}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]]()))
