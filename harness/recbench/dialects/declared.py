"""Every dialect, declared by how it differs from recbench's own definitions."""

from dataclasses import replace

from recbench.dialects.choices import (
    OWN,
    AveragePrecision,
    Count,
    Cutoff,
    Discount,
    Gain,
    HitRate,
    Ideal,
    Lacking,
    Ndcg,
    Order,
    Precision,
    Ranks,
    Recall,
    ReciprocalRank,
    Relevance,
    Rule,
    Share,
    Summed,
    Users,
)
from recbench.dialects.dialect import Dialect

METRICS = tuple(OWN)


def _rules(
    changed: dict[str, Rule | Lacking] | None = None,
    *,
    users: Users | None = None,
    ranks: Ranks | None = None,
) -> dict[str, Rule | Lacking]:
    """Return recbench's rules with some replaced, and one user or rank rule for all."""
    rules: dict[str, Rule | Lacking] = {**OWN, **(changed or {})}
    for metric, rule in rules.items():
        if not isinstance(rule, Lacking):
            rules[metric] = replace(
                rule, users=users or rule.users, ranks=ranks or rule.ranks
            )
    return rules


def _lacking(reason: str, *metrics: str) -> dict[str, Rule | Lacking]:
    return {metric: Lacking(reason=reason) for metric in metrics}


_ALL = (
    Dialect(
        name="recbench",
        library="recbench",
        proof="an independent brute-force oracle",
    ),
    Dialect(
        name="recbole",
        library="RecBole 1.2.1",
        note="it reports the mean rounded to 4 decimals, recbench does not round",
    ),
    Dialect(
        name="elliot",
        library="Elliot 0.3.1",
        rules=_rules(
            {
                "ndcg": Ndcg(gain=Gain.ABOVE_RATING),
                "map": AveragePrecision(summed=Summed.AT_EVERY_RANK, share=Share.K),
            }
        ),
        relevance=Relevance.FROM_ZERO,
        proof="a transcription of its source (it is not on the package index)",
    ),
    Dialect(
        name="warprec",
        library="WarpRec 2.2.8",
        rules=_rules({"ndcg": Ndcg(gain=Gain.ABOVE_RATING)}),
        relevance=Relevance.ABOVE_ZERO,
        note="it computes in single precision, recbench repeats it in double",
    ),
    Dialect(
        name="lenskit",
        library="LensKit 2026.4",
        rules=_rules(
            {
                "precision": Precision(share=Share.LISTED, users=Users.LISTED),
                "recall": Recall(share=Share.CAPPED),
                "ndcg": Ndcg(discount=Discount.CLIPPED),
                "map": AveragePrecision(share=Share.CAPPED_BY_LIST, users=Users.LISTED),
            }
        ),
    ),
    Dialect(
        name="cornac",
        library="Cornac 3.0.1",
        rules=_rules(
            {
                "mrr": ReciprocalRank(cutoff=Cutoff.NONE_OR_FAIL),
                **_lacking(
                    "its MAP ranks every candidate by score, which lists do not hold",
                    "map",
                ),
            }
        ),
        relevance=Relevance.FROM_ONE,
    ),
    Dialect(
        name="recommenders",
        library="Recommenders 1.2.1",
        rules=_rules(
            {
                "precision": Precision(users=Users.LISTED),
                "recall": Recall(users=Users.LISTED),
                "map": AveragePrecision(share=Share.RELEVANT, users=Users.LISTED),
                **_lacking("python_evaluation does not offer it", "mrr", "hit-rate"),
            }
        ),
        order=Order.SCORE,
    ),
    Dialect(
        name="rectools",
        library="RecTools 0.19.0",
        rules=_rules(
            {
                "ndcg": Ndcg(ideal=Ideal.K_HITS),
                "map": AveragePrecision(share=Share.RELEVANT),
            },
            ranks=Ranks.AS_WRITTEN,
        ),
    ),
    Dialect(
        name="recpack",
        library="RecPack 0.3.6",
        rules=_rules(
            {
                "hit-rate": HitRate(count=Count.NUMBER),
                **_lacking("its metrics hold no average precision", "map"),
            }
        ),
    ),
    Dialect(
        name="ranx",
        library="ranx 0.3.21",
        rules=_rules(
            {
                "ndcg": Ndcg(gain=Gain.LINEAR),
                "map": AveragePrecision(share=Share.RELEVANT),
            },
            users=Users.TRUTH,
        ),
        relevance=Relevance.WHOLE_FROM_ONE,
        order=Order.UNSTABLE,
    ),
    Dialect(
        name="trec_eval",
        library="trec_eval 9 (pytrec-eval-terrier 0.5.11)",
        rules=_rules(
            {
                "ndcg": Ndcg(gain=Gain.LINEAR),
                "map": AveragePrecision(share=Share.RELEVANT),
                "mrr": ReciprocalRank(cutoff=Cutoff.RUN_CUT),
            },
            users=Users.TRUTH,
        ),
        relevance=Relevance.WHOLE_FROM_ONE,
        order=Order.TREC,
    ),
    Dialect(
        name="implicit",
        library="implicit 0.7.3",
        rules=_rules(
            {
                "precision": Precision(share=Share.POOLED),
                **_lacking(
                    "ranking_metrics_at_k does not offer it",
                    "recall",
                    "mrr",
                    "hit-rate",
                ),
            }
        ),
    ),
    Dialect(
        name="omnirec",
        library="OmniRec 1.1.0",
        rules=_rules(
            {
                "recall": Recall(share=Share.CAPPED),
                **_lacking("its metrics do not offer it", "map", "mrr"),
            },
            users=Users.LISTED,
        ),
    ),
    Dialect(
        name="daisyrec",
        library="DaisyRec 2.3.0",
        rules=_rules(
            {
                "ndcg": Ndcg(ideal=Ideal.RETRIEVED),
                "map": AveragePrecision(share=Share.HITS),
            }
        ),
    ),
    Dialect(
        name="notebook",
        library="the course notebook",
        rules=_rules(
            {
                "ndcg": Ndcg(gain=Gain.BURGES),
                **_lacking("it does not compute it", "map", "mrr", "hit-rate"),
            },
            users=Users.RATED_FIVE,
        ),
        relevance=Relevance.FROM_FOUR,
        proof="the notebook's own functions",
        note="it draws 50 to 100 of these users at random, recbench takes all",
    ),
)

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in _ALL}
