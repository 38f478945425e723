"""Sequential models: what comes next, given what came before."""

from collections.abc import Iterator

from recbench import ModelSpec, hookimpl, with_tuned
from recbench_sequential import params

TASKS = ("next-item",)
DEVICES = ("cuda", "mps", "cpu")
SASREC_ML_1M = {
    "negatives": 0,
    "embedding_dim": 128,
    "blocks": 2,
    "heads": 1,
    "max_length": 200,
    "learning_rate": 1e-3,
    "batch_size": 128,
    "epochs": 100,
    "patience": 10,
}


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    """Offer the sequential models, simple ones first."""
    yield from with_tuned(__file__, _models())


def _models() -> Iterator[ModelSpec]:
    yield from _counted()
    yield from _learned()


def _counted() -> Iterator[ModelSpec]:
    yield ModelSpec(
        name="recent-popular",
        summary="the same list for everybody at one moment: what was popular of late",
        paper="Ji, Sun, Zhang, Li, 2020, A re-visit of the popularity baseline in "
        "recommender systems",
        factory="recbench_sequential.popular:RecentPopular",
        params=params.RecentPopularParams,
        tasks=TASKS,
        baseline=True,
    )
    yield ModelSpec(
        name="markov-chain",
        summary="what followed the latest items, one step or a few later",
        paper="Ludewig and Jannach, 2018, Evaluation of session-based recommendation "
        "algorithms",
        factory="recbench_sequential.markov:MarkovChain",
        params=params.MarkovChainParams,
        presets={"first-order": {"reach": 1, "history": 1}},
        tasks=TASKS,
        baseline=True,
    )
    yield ModelSpec(
        name="last-item-knn",
        summary="items similar to the latest ones",
        paper="Hidasi et al., 2016, Session-based recommendations with recurrent "
        "neural networks (its item-KNN)",
        factory="recbench_sequential.nearest:LastItemKNN",
        params=params.LastItemKNNParams,
        presets={"last": {"history": 1}},
        tasks=TASKS,
        baseline=True,
    )
    yield ModelSpec(
        name="session-knn",
        summary="what users with a like recent past did around the same point",
        paper="Garg, Gupta, Malhotra, Vig, Shroff, 2019, Sequence and time aware "
        "neighborhood for session-based recommendations: STAN",
        factory="recbench_sequential.sessions:SessionKNN",
        params=params.SessionKNNParams,
        tasks=TASKS,
        baseline=True,
    )
    yield ModelSpec(
        name="tale",
        summary="linear model of what follows, in closed form",
        paper="Park, Yoon, Choi, Lee, 2025, Temporal Linear Item-Item Model for "
        "Sequential Recommendation",
        factory="recbench_sequential.tale:TALE",
        params=params.TALEParams,
        tasks=TASKS,
    )


def _learned() -> Iterator[ModelSpec]:
    yield ModelSpec(
        name="gru4rec",
        summary="recurrent network over a user's items, sampled softmax or BPR-max",
        paper="Hidasi and Karatzoglou, 2018, Recurrent neural networks with top-k "
        "gains for session-based recommendations",
        factory="recbench_sequential.gru4rec:GRU4Rec",
        params=params.GRU4RecParams,
        tasks=TASKS,
        devices=DEVICES,
    )
    yield ModelSpec(
        name="sasrec",
        summary="causal self-attention over the latest items, many negatives",
        paper="Klenitskiy and Vasilev, 2023, Turning dross into gold loss: is BERT4Rec "
        "really better than SASRec?",
        factory="recbench_sequential.sasrec:SASRec",
        params=params.SASRecParams,
        presets={"ml-1m": SASREC_ML_1M},
        tasks=TASKS,
        devices=DEVICES,
    )
    yield ModelSpec(
        name="bert4rec",
        summary="hidden items guessed by a transformer that sees both sides",
        paper="Sun, Liu, Wu, Pei, Lin, Ou, Jiang, 2019, BERT4Rec: sequential "
        "recommendation with bidirectional encoder representations from transformer",
        factory="recbench_sequential.bert4rec:BERT4Rec",
        params=params.BERT4RecParams,
        tasks=TASKS,
        devices=DEVICES,
    )
