"""The choices on which metric definitions differ, each with the words that state it.

A rule is made of these; a field left at its default is recbench's own choice. The
arithmetic of a choice lives in ``formulas``, its words live here, so the
sentence a user reads cannot drift from what is computed. Nothing heavy is imported.
"""

from dataclasses import dataclass
from enum import Enum


class Choice(Enum):
    """One way to decide; the value is the clause that says so."""

    @property
    def words(self) -> str:
        """Return the clause."""
        return str(self.value)


class Relevance(Choice):
    """Which truth items are relevant."""

    EVERY = "every truth item is relevant"
    FROM_ZERO = "a truth item is relevant from rating 0"
    ABOVE_ZERO = "a truth item is relevant above rating 0"
    FROM_ONE = "a truth item is relevant from rating 1"
    WHOLE_FROM_ONE = "a rating is cut to a whole number and relevant from 1"
    FROM_FOUR = "a truth item is relevant from rating 4 (every one if unrated)"


class Gain(Choice):
    """What a hit gains."""

    ONE = "a hit gains 1 whatever its rating"
    ABOVE_RATING = "a hit gains 2^(rating + 1) - 1"
    BURGES = "a test item gains 2^rating - 1, relevant or not"
    LINEAR = "a hit gains its rating"


class Discount(Choice):
    """What a rank is worth."""

    LOG2 = "rank r is discounted by log2(r + 1)"
    CLIPPED = "rank r is discounted by log2(max(r, 2)), so rank 2 weighs as much as 1"


class Ideal(Choice):
    """The list that scores 1."""

    BEST = "the ideal list holds the user's best min(k, relevant) items"
    K_HITS = "the ideal list is k hits even for a user with fewer relevant items"
    RETRIEVED = (
        "the ideal list is the same hits moved to the top, what was missed is free"
    )


class Share(Choice):
    """What a sum over hits is divided by."""

    K = "divided by k"
    RELEVANT = "divided by the number of relevant items"
    CAPPED = "divided by min(k, relevant)"
    LISTED = "divided by the items listed in the top k, fewer than k in a short list"
    CAPPED_BY_LIST = "divided by min(relevant, items listed in the top k)"
    HITS = "divided by the number of hits, what was missed is free"
    POOLED = (
        "hits of all users together are divided by all users' min(k, relevant) together"
    )


class Summed(Choice):
    """Where precision is taken for the average precision."""

    AT_HITS = "precision is summed at the hits"
    AT_EVERY_RANK = "precision is summed at all k ranks, hit or not"


class Count(Choice):
    """What a list that hits is worth."""

    ANY = "a list with a hit counts 1"
    NUMBER = "a list counts its number of hits, so the value can exceed 1"


class Cutoff(Choice):
    """How much of the list is read."""

    AT_K = "the top k count"
    RUN_CUT = "recip_rank itself has no cut-off, so the run is cut at k (-M k)"
    NONE_OR_FAIL = "there is no cut-off, and a list without a match is an error"


class Users(Choice):
    """Who is averaged over."""

    RELEVANT = "every user with a relevant item counts, a missing list as 0"
    TRUTH = "every truth user counts, one without a relevant item as 0"
    LISTED = "users without a list are left out"
    RATED_FIVE = "only users with 5 or more truth items, at least one relevant, count"


class Ranks(Choice):
    """Which ranks a list has."""

    CLOSED = "a gap in the ranks closes up"
    AS_WRITTEN = "ranks count as written, so a gap costs"


class Order(Choice):
    """How a list given by scores is ordered."""

    FILE = "ranks decide before scores, and equal scores keep the file's order"
    SCORE = "scores decide before ranks where a file has both"
    TREC = (
        "scores decide before ranks, and those equal in single precision fall by item "
        "name, last first"
    )
    UNSTABLE = (
        "scores decide before ranks, and equal ones in a list of over 15 fall as its "
        "unstable sort leaves them"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Hits in the top k."""

    share: Share = Share.K
    users: Users = Users.RELEVANT
    ranks: Ranks = Ranks.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Relevant items found in the top k."""

    share: Share = Share.RELEVANT
    users: Users = Users.RELEVANT
    ranks: Ranks = Ranks.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Ndcg:
    """Normalised discounted cumulative gain."""

    gain: Gain = Gain.ONE
    discount: Discount = Discount.LOG2
    ideal: Ideal = Ideal.BEST
    users: Users = Users.RELEVANT
    ranks: Ranks = Ranks.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragePrecision:
    """Average precision; its mean is MAP."""

    summed: Summed = Summed.AT_HITS
    share: Share = Share.CAPPED
    users: Users = Users.RELEVANT
    ranks: Ranks = Ranks.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class ReciprocalRank:
    """One over the rank of the first hit; its mean is MRR."""

    cutoff: Cutoff = Cutoff.AT_K
    users: Users = Users.RELEVANT
    ranks: Ranks = Ranks.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRate:
    """Whether the top k holds a hit."""

    count: Count = Count.ANY
    users: Users = Users.RELEVANT
    ranks: Ranks = Ranks.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """A metric that the library does not have, or not for lists.

    Attributes:
        reason: Why; completes "no mrr: ...".
    """

    reason: str


Rule = Precision | Recall | Ndcg | AveragePrecision | ReciprocalRank | HitRate

OWN: dict[str, Rule] = {
    "precision": Precision(),
    "recall": Recall(),
    "ndcg": Ndcg(),
    "map": AveragePrecision(),
    "mrr": ReciprocalRank(),
    "hit-rate": HitRate(),
}
