"""Seeded lists and truths on which every peer and every dialect are compared.

Only the standard library's ``random`` draws here, so that the same case comes out
under every interpreter and NumPy that a peer needs.
"""

import random
from dataclasses import dataclass

CUTOFFS = (5, 10, 20)


@dataclass(frozen=True)
class Case:
    """One set of lists with its truth.

    Attributes:
        name: What is special about it.
        lists: (user, item, rank, score) in file order; either rank or score is None
            throughout.
        truth: (user, item, rating).
    """

    name: str
    lists: tuple
    truth: tuple

    @property
    def users(self):
        """Return the users of the truth, in order of appearance."""
        return list(dict.fromkeys(user for user, _, _ in self.truth))

    @property
    def relevances(self):
        """Return ``{user: {item: rating}}``."""
        out = {user: {} for user in self.users}
        for user, item, rating in self.truth:
            out[user][item] = rating
        return out

    @property
    def ordered(self):
        """Return each truth user's items, best first; ties keep the file's order."""
        out = {user: [] for user in self.users}
        key = (lambda row: row[2]) if self.by_rank else (lambda row: -row[3])
        for user, item, _, _ in sorted(self.lists, key=key):  # sorted() is stable
            if user in out:
                out[user].append(item)
        return out

    @property
    def by_rank(self):
        """Return whether the lists carry ranks, not scores."""
        return self.lists[0][2] is not None

    def scored(self):
        """Return the rows with a score each: its own, or the rank turned round."""
        return [
            (user, item, -float(rank) if score is None else score)
            for user, item, rank, score in self.lists
        ]


def _case(
    name,
    seed,
    *,
    n_users=40,
    n_items=60,
    lengths=(20, 20),
    ratings=(1.0,),
    relevant=(1, 12),
    levels=None,
    by_rank=False,
    gaps=False,
    missing=0.0,
    strangers=0,
):
    """Draw a case; items are named by numbers, so "10" sorts before "9"."""
    rng = random.Random(seed)
    items = [str(i) for i in range(n_items)]
    lists, truth = [], []
    for u in range(n_users + strangers):
        user = f"u{u}"
        if u < n_users:
            chosen = rng.sample(items, rng.randint(*relevant))
            truth += [(user, item, rng.choice(ratings)) for item in chosen]
        if u < n_users and rng.random() < missing:
            continue
        length = rng.randint(*lengths)
        rank = 0
        for item in rng.sample(items, length):
            rank += 1 + (rng.random() < 0.3 if gaps and rank else 0)
            score = rng.randint(1, levels) / 4 if levels else rng.uniform(0.01, 1)
            row = (user, item, rank, None) if by_rank else (user, item, None, score)
            lists.append(row)
    return Case(name=name, lists=tuple(lists), truth=tuple(truth))


def cases():
    """Return all cases by name."""
    stars = (1.0, 2.0, 3.0, 4.0, 5.0)
    halves = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
    made = [
        _case("full lists, binary truth", 1),
        _case("full lists, graded truth", 2, ratings=stars),
        _case("ranked lists, graded truth", 3, ratings=stars, by_rank=True),
        _case("short lists", 4, ratings=stars, lengths=(1, 9)),
        _case("users without lists", 5, ratings=stars, lengths=(3, 25), missing=0.3),
        _case("users without truth", 6, ratings=stars, missing=0.2, strangers=6),
        _case("tied scores, short", 7, ratings=stars, lengths=(8, 15), levels=4),
        _case("tied scores, long", 8, ratings=stars, lengths=(16, 50), levels=6),
        _case(
            "tied scores and users without lists",
            9,
            ratings=stars,
            lengths=(16, 50),
            levels=6,
            missing=0.2,
        ),
        _case("half stars and zeros", 10, ratings=halves, lengths=(5, 25)),
        _case("few relevant, every list hits", 11, n_items=20, relevant=(8, 12)),
        _case("gaps in the ranks", 12, ratings=stars, by_rank=True, gaps=True),
    ]
    return {case.name: case for case in made}
