"""Hyper-parameters of the models from scikit-surprise, under recbench's names.

Defaults were chosen on the validation part of ``ml-100k`` (random 70/15/15); the
preset ``surprise`` of each model holds the defaults of the library.
"""

from dataclasses import dataclass

from recbench import param


@dataclass(frozen=True, slots=True, kw_only=True)
class SVDParams:
    """Parameters of ``svd``; in Surprise n_factors, n_epochs, lr_all, reg_all."""

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
class SVDppParams:
    """Parameters of ``svd-pp``."""

    embedding_dim: int = param(20, low=1, tune=(5, 50), log=True, help="factors")
    epochs: int = param(20, low=1, tune=(10, 60), help="passes over the ratings")
    learning_rate: float = param(
        0.015, low=1e-6, tune=(0.002, 0.03), log=True, help="step of gradient descent"
    )
    reg: float = param(
        0.07, low=0, tune=(0.01, 0.3), log=True, help="L2 penalty of all parameters"
    )
    init_std: float = param(
        0.03, low=0, tune=(0.01, 0.2), log=True, help="deviation of fresh factors"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NMFParams:
    """Parameters of ``nmf``; `reg` is Surprise's reg_pu and reg_qi."""

    embedding_dim: int = param(30, low=1, tune=(2, 50), log=True, help="factors")
    epochs: int = param(50, low=1, tune=(20, 150), help="passes over the ratings")
    reg: float = param(
        0.12, low=0, tune=(0.01, 0.5), log=True, help="L2 penalty of the factors"
    )
    biased: bool = param(
        default=False, tune=(False, True), help="mean and biases beside the factors"
    )
    bias_learning_rate: float = param(0.005, low=0, help="step of the biases")
    bias_reg: float = param(0.02, low=0, help="L2 penalty of the biases")


@dataclass(frozen=True, slots=True, kw_only=True)
class KNNBaselineParams:
    """Parameters of ``knn-baseline``."""

    k: int = param(40, low=1, tune=(10, 200), log=True, help="neighbours, at most")
    min_k: int = param(1, low=1, help="neighbours below which the bias answers alone")
    similarity: str = param(
        "pearson_baseline",
        choices=("pearson_baseline", "pearson", "msd", "cosine"),
        tune=("pearson_baseline", "msd"),
        help="of co-rated pairs",
    )
    user_based: bool = param(
        default=False, tune=(False, True), help="neighbours are users, not items"
    )
    shrinkage: float = param(
        100.0, low=0, tune=(10.0, 300.0), log=True, help="of pearson_baseline"
    )
    min_support: int = param(1, low=1, help="common ratings below which it is 0")
    reg_user: float = param(5.0, low=0, help="penalty on user biases")
    reg_item: float = param(2.0, low=0, help="penalty on item biases")
    bias_epochs: int = param(10, low=1, help="rounds of alternating averages")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoClusteringParams:
    """Parameters of ``co-clustering``."""

    user_clusters: int = param(2, low=1, tune=(2, 10), help="clusters of users")
    item_clusters: int = param(2, low=1, tune=(2, 10), help="clusters of items")
    epochs: int = param(20, low=1, tune=(5, 50), help="rounds of reassignment")
