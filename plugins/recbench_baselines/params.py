"""Hyper-parameters of the baselines, with the defaults the leaderboards use.

Defaults were chosen on the validation part of ``ml-100k`` (random 70/15/15, mean of
three split seeds), except where a class says otherwise.
"""

from dataclasses import dataclass

from recbench import param


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasParams:
    """Parameters of ``bias``; the defaults are the customary constants.

    They are those of MyMediaLite and scikit-surprise, so that a difference to ``bias``
    means what it means elsewhere. The preset ``tuned`` was chosen on validation.
    """

    reg_user: float = param(
        15.0, low=0, tune=(1.0, 30.0), log=True, help="penalty on user biases"
    )
    reg_item: float = param(
        10.0, low=0, tune=(0.5, 30.0), log=True, help="penalty on item biases"
    )


TUNED_BIAS = {"reg_user": 5.0, "reg_item": 2.0}
SURPRISE_SVD = {
    "embedding_dim": 100,
    "epochs": 20,
    "learning_rate": 0.005,
    "reg": 0.02,
    "init_std": 0.1,
    "biased": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemKNNParams:
    """Parameters of ``item-knn``."""

    k: int = param(
        200, low=1, tune=(20, 800), log=True, help="neighbours kept for each item"
    )
    similarity: str = param(
        "cosine",
        choices=("cosine", "jaccard"),
        tune=("cosine", "jaccard"),
        help="jaccard looks only at who interacted; task rating always uses cosine",
    )
    shrink: float = param(
        10.0, low=0, tune=(0.0, 200.0), help="added to the denominator of a similarity"
    )
    weighting: str = param(
        "bm25",
        choices=("none", "tf-idf", "bm25"),
        tune=("none", "tf-idf", "bm25"),
        help="weights of the interactions before similarities; ranking only",
    )
    damping: float = param(
        1.0, low=0, tune=(0.1, 10.0), log=True, help="pull to the bias; rating only"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserKNNParams:
    """Parameters of ``user-knn``."""

    k: int = param(
        100, low=1, tune=(20, 800), log=True, help="neighbours kept for each user"
    )
    similarity: str = param(
        "cosine",
        choices=("cosine", "jaccard"),
        tune=("cosine", "jaccard"),
        help="jaccard looks only at who interacted; task rating always uses cosine",
    )
    shrink: float = param(
        10.0, low=0, tune=(0.0, 200.0), help="added to the denominator of a similarity"
    )
    weighting: str = param(
        "tf-idf",
        choices=("none", "tf-idf", "bm25"),
        tune=("none", "tf-idf", "bm25"),
        help="weights of the interactions before similarities; ranking only",
    )
    damping: float = param(
        1.0, low=0, tune=(0.1, 10.0), log=True, help="pull to the bias; rating only"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EASEParams:
    """Parameters of ``ease``."""

    reg: float = param(
        300.0, low=1e-6, tune=(10.0, 5000.0), log=True, help="L2 penalty on the weights"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SLIMParams:
    """Parameters of ``slim``."""

    l1: float = param(0.5, low=0, tune=(0.1, 20.0), log=True, help="L1 penalty")
    l2: float = param(150.0, low=1e-6, tune=(1.0, 2000.0), log=True, help="L2 penalty")
    k: int = param(100, low=1, tune=(50, 400), help="candidate neighbours of each item")
    sweeps: int = param(30, low=1, help="passes of coordinate descent, at most")


@dataclass(frozen=True, slots=True, kw_only=True)
class IALSParams:
    """Parameters of ``ials``."""

    embedding_dim: int = param(64, low=1, tune=(16, 256), log=True, help="factors")
    unobserved_weight: float = param(
        0.15,
        low=0,
        tune=(0.01, 1.0),
        log=True,
        help="weight of every pair, next to 1 for a positive one",
    )
    reg: float = param(
        0.025, low=1e-9, tune=(1e-4, 0.3), log=True, help="L2 penalty on the factors"
    )
    nu: float = param(
        1.0, low=0, high=1, help="how the penalty grows with the weight of a row"
    )
    epochs: int = param(16, low=1, tune=(4, 32), help="rounds of both half steps")
    init_std: float = param(
        0.1, low=0, help="standard deviation of a fresh vector's length"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PureSVDParams:
    """Parameters of ``pure-svd``."""

    embedding_dim: int = param(15, low=1, tune=(8, 256), log=True, help="factors")
    item_power: float = param(
        -0.3,
        tune=(-1.0, 1.0),
        help="columns are scaled by the item's popularity ** (item_power / 2)",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RP3BetaParams:
    """Parameters of ``rp3beta``."""

    alpha: float = param(
        0.7, low=0, tune=(0.1, 2.0), help="power of the transition probabilities"
    )
    beta: float = param(0.5, low=0, tune=(0.0, 1.5), help="power of the popularity")
    k: int = param(400, low=1, tune=(20, 800), log=True, help="targets kept per item")


@dataclass(frozen=True, slots=True, kw_only=True)
class BPRParams:
    """Parameters of ``bpr-mf``."""

    embedding_dim: int = param(64, low=1, tune=(16, 256), log=True, help="factors")
    learning_rate: float = param(
        0.1, low=1e-6, tune=(0.01, 0.5), log=True, help="step of Adagrad"
    )
    reg: float = param(
        0.03, low=0, tune=(1e-4, 0.3), log=True, help="L2 penalty, per draw"
    )
    epochs: int = param(30, low=1, tune=(10, 200), help="passes over the positives")
    init_std: float = param(0.1, low=0, help="standard deviation of fresh factors")


@dataclass(frozen=True, slots=True, kw_only=True)
class SGDMFParams:
    """Parameters of ``sgd-mf``, those of ``svd``."""

    embedding_dim: int = param(100, low=1, tune=(20, 200), log=True, help="factors")
    epochs: int = param(60, low=1, tune=(20, 120), help="passes over the ratings")
    learning_rate: float = param(
        0.01, low=1e-6, tune=(0.002, 0.03), log=True, help="step of gradient descent"
    )
    reg: float = param(
        0.12, low=0, tune=(0.01, 0.3), log=True, help="L2 penalty of all parameters"
    )
    init_std: float = param(
        0.1, low=0, tune=(0.01, 0.2), log=True, help="deviation of fresh factors"
    )
    biased: bool = param(default=True, help="mean and biases beside the factors")


@dataclass(frozen=True, slots=True, kw_only=True)
class BayesianMFParams:
    """Parameters of ``bayesian-mf``."""

    embedding_dim: int = param(10, low=1, tune=(4, 64), log=True, help="factors")
    sweeps: int = param(
        100, low=1, tune=(50, 400), help="samples of the chain that are kept"
    )
    burn_in: int = param(20, low=0, help="samples thrown away first")
    init_std: float = param(0.1, low=0, help="standard deviation of fresh factors")
