"""Small random worlds in plain Python, and the views of them that metrics read."""

import random
from dataclasses import dataclass, field

import numpy as np

from recbench.evaluation.lists import ranked_lists
from recbench.features import Categories, Features, Numbers, Text
from recbench.interactions import Interactions
from recbench.metrics.views import RankedLists, RatedPairs


@dataclass
class World:
    """What oracles read: dicts and lists, no arrays."""

    n_users: int
    n_items: int
    lists: dict[int, list[int]]  # user -> items, best first
    test: dict[int, dict[int, float]]  # user -> item -> rating
    train: dict[int, list[int]]  # user -> items, each once
    candidates: set[int]
    threshold: float
    genres: dict[int, set[str]]  # item -> names
    gender: dict[int, str]
    age: dict[int, float]
    width: int
    pairs: list[tuple[int, float, float]] = field(default_factory=list)

    def relevant(self, user):
        return {i for i, r in self.test[user].items() if r >= self.threshold}

    def users(self):
        """Users that count, ascending."""
        return [u for u in sorted(self.test) if self.relevant(u)]


def random_world(seed, *, n_users=40, n_items=30, width=8):
    """Make a world with short and missing lists, cold users and items, and ties."""
    r = random.Random(seed)
    train = {
        u: r.sample(range(n_items - 3), r.choice([0, 1, 3, 8])) for u in range(n_users)
    }
    candidates = {i for items in train.values() for i in items}
    lists, test = {}, {}
    for u in range(n_users):
        free = sorted(candidates - set(train[u]))
        r.shuffle(free)
        if r.random() < 0.9:
            lists[u] = free[: r.choice([0, 1, 3, width, width, width])]
        others = [i for i in range(n_items) if i not in train[u]]
        chosen = r.sample(others, min(r.choice([0, 1, 2, 5, 12]), len(others)))
        if chosen:
            test[u] = {i: float(r.randint(1, 5)) for i in chosen}
    names = ["action", "drama", "comedy", "noir"]
    return World(
        n_users=n_users,
        n_items=n_items,
        lists=lists,
        test=test,
        train=train,
        candidates=candidates,
        threshold=4.0,
        genres={
            i: set(r.sample(names, r.choice([0, 1, 1, 2, 3]))) for i in range(n_items)
        },
        gender={u: r.choice(["f", "m", ""]) for u in range(n_users)},
        age={
            u: r.choice([20.0, 25.0, 31.0, 40.0, 62.0, float("nan")])
            for u in range(n_users)
        },
        width=width,
        pairs=[
            (
                r.randrange(n_users),
                float(r.randint(1, 5)),
                r.choice([1.5, 2.0, 3.25, 4.0, 4.5]),
            )
            for _ in range(200)
        ],
    )


def categories(rows):
    """Return a column of sets of names as Categories."""
    names = sorted({name for row in rows for name in row})
    code = {name: c for c, name in enumerate(names)}
    codes = [sorted(code[name] for name in row) for row in rows]
    return Categories(
        offsets=np.cumsum([0, *map(len, codes)]).astype(np.int64),
        codes=np.array([c for row in codes for c in row], dtype=np.int32),
        names=np.array(names, dtype=np.str_),
    )


def _user_features(world):
    everyone = range(world.n_users)
    jobs = categories([{g} if (g := world.gender[u]) else set() for u in everyone])
    ages = np.array([world.age[u] for u in everyone], dtype=np.float32)
    columns = {"gender": jobs, "occupation": jobs, "age": Numbers(values=ages)}
    return Features(columns=columns)


def _item_features(world):
    year = np.full(world.n_items, 1995, dtype=np.float32)
    genres = categories([world.genres[i] for i in range(world.n_items)])
    title = Text(values=np.array(["t"] * world.n_items))
    return Features(
        columns={"title": title, "genres": genres, "year": Numbers(values=year)}
    )


def _table(world, pairs, ratings=None):
    return Interactions(
        users=np.array([u for u, _ in pairs], dtype=np.int32),
        items=np.array([i for _, i in pairs], dtype=np.int32),
        ratings=None if ratings is None else np.array(ratings, dtype=np.float32),
        n_users=world.n_users,
        n_items=world.n_items,
        item_features=_item_features(world),
        user_features=_user_features(world),
    )


def view(world: World) -> RankedLists:
    """Return the world's lists as metrics read them."""
    users = sorted(world.lists, key=lambda u: (u * 7) % 11)  # in no special order
    lists = np.full((len(users), world.width), -1, dtype=np.int32)
    for row, u in enumerate(users):
        lists[row, : len(world.lists[u])] = world.lists[u]
    held = [(u, i) for u, items in world.test.items() for i in items]
    train = _table(world, [(u, i) for u, items in world.train.items() for i in items])
    return ranked_lists(
        lists,
        np.array(users, dtype=np.int32),
        test=_table(world, held, [world.test[u][i] for u, i in held]),
        train=train,
        candidates=np.isin(np.arange(world.n_items), sorted(world.candidates)),
        relevance=world.threshold,
        seen=train,
    )


def rated(world: World) -> RatedPairs:
    """Return the world's predictions as metrics read them."""
    users, ratings, predictions = zip(*world.pairs, strict=True)
    return RatedPairs(
        users=np.array(users, dtype=np.int32),
        ratings=np.array(ratings),
        predictions=np.array(predictions),
        n_users=world.n_users,
    )
