"""Every metric again, from its written definition: slow loops over plain Python.

Nothing here imports recbench. ``ORACLES[name](world, k)`` returns user -> value, with
None where the metric is undefined, or one number for a metric of the whole system.
Rating metrics return (user -> (value, weight)).
"""

import math
from collections import Counter
from itertools import combinations
from statistics import fmean


def _top(w, u, k):
    return w.lists.get(u, [])[:k]


def _each(function):
    """Turn a function of one user into one of the world."""

    def oracle(w, k):
        return {u: function(w, u, k) for u in w.users()}

    return oracle


def _hit_ranks(w, u, k):
    return [r for r, i in enumerate(_top(w, u, k), start=1) if i in w.relevant(u)]


def precision(w, u, k):
    return len(_hit_ranks(w, u, k)) / k


def recall(w, u, k):
    return len(_hit_ranks(w, u, k)) / len(w.relevant(u))


def recall_capped(w, u, k):
    return len(_hit_ranks(w, u, k)) / min(k, len(w.relevant(u)))


def f1(w, u, k):
    p, r = precision(w, u, k), recall(w, u, k)
    return 2 * p * r / (p + r) if p + r else 0.0


def hit_rate(w, u, k):
    return float(any(i in w.relevant(u) for i in _top(w, u, k)))


def mrr(w, u, k):
    ranks = _hit_ranks(w, u, k)
    return 1 / min(ranks) if ranks else 0.0


def r_precision(w, u, k):
    cut = min(k, len(w.relevant(u)))
    return precision(w, u, cut)


def _precisions_at_hits(w, u, k):
    return sum(precision(w, u, r) for r in _hit_ranks(w, u, k))


def average_precision(w, u, k):
    return _precisions_at_hits(w, u, k) / min(k, len(w.relevant(u)))


def average_precision_full(w, u, k):
    return _precisions_at_hits(w, u, k) / len(w.relevant(u))


def dcg(w, u, k):
    return sum(1 / math.log2(r + 1) for r in _hit_ranks(w, u, k))


def ndcg(w, u, k):
    best = sum(1 / math.log2(r + 1) for r in range(1, min(k, len(w.relevant(u))) + 1))
    return dcg(w, u, k) / best


def _ndcg_of(gain):
    def oracle(w, u, k):
        found = [gain(w.test[u].get(i, 0.0)) for i in _top(w, u, k)]
        ideal = sorted((gain(r) for r in w.test[u].values()), reverse=True)[:k]

        def total(gains):
            return sum(g / math.log2(r + 1) for r, g in enumerate(gains, start=1))

        return total(found) / total(ideal) if total(ideal) else 0.0

    return oracle


def rbp(w, u, k):
    return 0.2 * sum(0.8 ** (r - 1) for r in _hit_ranks(w, u, k))


def auc(w, u, k):
    relevant = w.relevant(u)
    others = w.candidates - relevant - set(w.train[u])
    if not others:
        return 1.0
    top = _top(w, u, k)
    rank = {i: r for r, i in enumerate(top)}
    score = 0.0
    for good in relevant:
        for bad in others:
            a, b = rank.get(good, math.inf), rank.get(bad, math.inf)
            score += 0.5 if a == b else float(a < b)
    return score / (len(relevant) * len(others))


def _mean_or_none(values):
    values = list(values)
    return fmean(values) if values else None


def _counts(w):
    return Counter(i for items in w.train.values() for i in items)


def popularity(w, u, k):
    return _mean_or_none(_counts(w)[i] for i in _top(w, u, k))


def popularity_percentile(w, u, k):
    counts = _counts(w)

    def percentile(i):
        less = sum(counts[c] < counts[i] for c in w.candidates)
        same = sum(counts[c] == counts[i] for c in w.candidates)
        return (less + same / 2) / len(w.candidates)

    return _mean_or_none(percentile(i) for i in _top(w, u, k))


def popularity_lift(w, u, k):
    counts = _counts(w)
    if not w.train[u] or not _top(w, u, k):
        return None
    own = fmean(counts[i] for i in w.train[u])
    return (popularity(w, u, k) - own) / own


def novelty(w, u, k):
    counts = _counts(w)
    n = sum(bool(items) for items in w.train.values())
    return _mean_or_none(-math.log2(max(counts[i], 1) / n) for i in _top(w, u, k))


def _at_least_as_popular(w, size):
    """The `size` most popular candidates, with all that tie with the last."""
    counts = _counts(w)
    ordered = sorted((counts[i] for i in w.candidates), reverse=True)
    border = ordered[min(size, len(ordered)) - 1]
    return {i for i in w.candidates if counts[i] >= border}


def _head(w):
    return _at_least_as_popular(w, max(1, math.ceil(len(w.candidates) / 5)))


def tail_share(w, u, k):
    return _mean_or_none(float(i not in _head(w)) for i in _top(w, u, k))


def unexpectedness(w, u, k):
    plain = _at_least_as_popular(w, k)
    return sum(i not in plain for i in _top(w, u, k)) / k


def serendipity(w, u, k):
    plain = _at_least_as_popular(w, k)
    return sum(i not in plain and i in w.relevant(u) for i in _top(w, u, k)) / k


def user_coverage(w, u, k):
    return float(len(_top(w, u, k)) > 0)


def filled(w, u, k):
    return len(_top(w, u, k)) / k


def coverage(w, k):
    listed = {i for u in w.users() for i in _top(w, u, k)}
    return len(listed & w.candidates) / len(w.candidates)


def _listings(w, k):
    return Counter(i for u in w.users() for i in _top(w, u, k))


def gini(w, k):
    counts = _listings(w, k)
    values = [counts[i] for i in sorted(w.candidates)]
    n = len(values)
    # half the mean absolute difference, relative to the mean
    distance = sum(abs(a - b) for a in values for b in values)
    return distance / (2 * n * sum(values))


def entropy(w, k):
    counts = _listings(w, k)
    total = sum(counts.values())
    return sum(c / total * math.log2(total / c) for c in counts.values())


def personalisation(w, k):
    return fmean(
        1 - len(set(_top(w, a, k)) & set(_top(w, b, k))) / k
        for a, b in combinations(w.users(), 2)
    )


def _cosine(a, b):
    return len(a & b) / math.sqrt(len(a) * len(b)) if a and b else 0.0


def diversity(w, u, k):
    pairs = combinations(_top(w, u, k), 2)
    return _mean_or_none(1 - _cosine(w.genres[a], w.genres[b]) for a, b in pairs)


def surprise(w, u, k):
    return _mean_or_none(
        1 - _cosine(w.genres[a], w.genres[b]) for a in _top(w, u, k) for b in w.train[u]
    )


def _distribution(w, items):
    weights = Counter()
    for i in items:
        for genre in w.genres[i]:
            weights[genre] += 1 / len(w.genres[i])
    total = sum(weights.values())
    return {g: v / total for g, v in weights.items()} if total else {}


def calibration(w, u, k):
    p, q = _distribution(w, w.train[u]), _distribution(w, _top(w, u, k))
    if not p:
        return None
    return sum(
        v * math.log(v / (0.99 * q.get(g, 0.0) + 0.01 * v)) for g, v in p.items()
    )


def _cold(w):
    counts = {u: len(w.train[u]) for u in w.users()}
    border = sorted(counts.values())[math.ceil(len(counts) / 4) - 1]
    return {u for u in counts if counts[u] <= border}


def ndcg_cold(w, u, k):
    return ndcg(w, u, k) if u in _cold(w) else None


def ndcg_warm(w, u, k):
    return None if u in _cold(w) else ndcg(w, u, k)


def _recall_of(w, u, k, items):
    wanted = w.relevant(u) & items
    return len(wanted & set(_top(w, u, k))) / len(wanted) if wanted else None


def recall_head(w, u, k):
    return _recall_of(w, u, k, _head(w))


def recall_tail(w, u, k):
    return _recall_of(w, u, k, set(range(w.n_items)) - _head(w))


def _distance(w, k, groups, least):
    means = [fmean(ndcg(w, u, k) for u in g) for g in groups if len(g) >= least]
    return max(means) - min(means) if len(means) > 1 else math.nan


def ndcg_gap_activity(w, k):
    cold = _cold(w)
    return _distance(w, k, [cold, set(w.users()) - cold], 1)


def ndcg_gap_gender(w, k):
    groups = [[u for u in w.users() if w.gender[u] == g] for g in ("f", "m")]
    return _distance(w, k, groups, 10)


def ndcg_gap_age(w, k):
    known = sorted(a for u in w.users() if not math.isnan(a := w.age[u]))

    def quantile(q):  # linear between the two nearest
        place = q * (len(known) - 1)
        low = math.floor(place)
        high = min(low + 1, len(known) - 1)
        return known[low] + (place - low) * (known[high] - known[low])

    cuts = [quantile(q) for q in (0.25, 0.5, 0.75)]
    groups = [[], [], [], []]
    for u in w.users():
        if not math.isnan(w.age[u]):
            groups[sum(w.age[u] >= c for c in cuts)].append(u)
    return _distance(w, k, groups, 10)


def _rating(loss, finish=lambda mean: mean, *, equal=False):
    def oracle(w, _k):
        by_user = {}
        for u, true, guess in w.pairs:
            by_user.setdefault(u, []).append(loss(true, guess))
        return {
            u: (finish(fmean(v)), 1 if equal else len(v)) for u, v in by_user.items()
        }

    return oracle


def r2(w, _k):
    ratings = [true for _, true, _ in w.pairs]
    centre = fmean(ratings)
    variance = fmean((r - centre) ** 2 for r in ratings)
    means = _rating(lambda t, g: (t - g) ** 2)(w, _k)
    return {u: (1 - v / variance, n) for u, (v, n) in means.items()}


def fcp(w, _k):
    by_user = {}
    for u, true, guess in w.pairs:
        by_user.setdefault(u, []).append((true, guess))
    values = {}
    for u, pairs in by_user.items():
        unequal = [(a, b) for a in pairs for b in pairs if a[0] > b[0]]
        right = sum(a[1] > b[1] for a, b in unequal)
        values[u] = (right / len(unequal) if unequal else 0.0, len(unequal))
    return values


ORACLES = {
    "rmse": _rating(lambda t, g: (t - g) ** 2),
    "mse": _rating(lambda t, g: (t - g) ** 2),
    "mae": _rating(lambda t, g: abs(t - g)),
    "mean-error": _rating(lambda t, g: g - t),
    "rmse-per-user": _rating(lambda t, g: (t - g) ** 2, math.sqrt, equal=True),
    "mae-per-user": _rating(lambda t, g: abs(t - g), equal=True),
    "r2": r2,
    "fcp": fcp,
    "precision": _each(precision),
    "recall": _each(recall),
    "recall-capped": _each(recall_capped),
    "f1": _each(f1),
    "hit-rate": _each(hit_rate),
    "mrr": _each(mrr),
    "r-precision": _each(r_precision),
    "map": _each(average_precision),
    "map-full": _each(average_precision_full),
    "dcg": _each(dcg),
    "ndcg": _each(ndcg),
    "ndcg-linear": _each(_ndcg_of(lambda r: max(r, 0.0))),
    "ndcg-graded": _each(_ndcg_of(lambda r: 2 ** max(r, 0.0) - 1)),
    "rbp": _each(rbp),
    "auc": _each(auc),
    "popularity": _each(popularity),
    "popularity-percentile": _each(popularity_percentile),
    "popularity-lift": _each(popularity_lift),
    "novelty": _each(novelty),
    "tail-share": _each(tail_share),
    "unexpectedness": _each(unexpectedness),
    "serendipity": _each(serendipity),
    "user-coverage": _each(user_coverage),
    "filled": _each(filled),
    "coverage": coverage,
    "gini": gini,
    "entropy": entropy,
    "personalisation": personalisation,
    "diversity": _each(diversity),
    "surprise": _each(surprise),
    "calibration": _each(calibration),
    "ndcg-cold": _each(ndcg_cold),
    "ndcg-warm": _each(ndcg_warm),
    "recall-head": _each(recall_head),
    "recall-tail": _each(recall_tail),
    "ndcg-gap-activity": ndcg_gap_activity,
    "ndcg-gap-gender": ndcg_gap_gender,
    "ndcg-gap-occupation": ndcg_gap_gender,  # the worlds copy one from the other
    "ndcg-gap-age": ndcg_gap_age,
}
