"""Models whose scores or lists break the contract, or nearly."""

import numpy as np

from faulty_models.base import Fine


class ScoresNan(Fine):
    def score(self, users):
        scores = super().score(users)
        scores[0, 0] = np.nan
        return scores


class ScoresInfinity(Fine):
    def score(self, users):
        scores = super().score(users)
        scores[:, 1] = np.inf
        return scores


class ScoresWrongShape(Fine):
    def score(self, users):
        return super().score(users)[:, :-1]


class ScoresTooFew(Fine):
    def score(self, users):
        return super().score(users)[:-1]


class ScoresIntegers(Fine):
    def score(self, users):
        return super().score(users).astype(np.int64)


class ScoresNone(Fine):
    def score(self, users):
        return None


class ScoresSparse(Fine):
    def score(self, users):
        from scipy.sparse import csr_array

        return csr_array(super().score(users))


class ScoresList(Fine):
    def score(self, users):
        return super().score(users).tolist()


class ScoresObjects(Fine):
    def score(self, users):
        return super().score(users).astype(object)


class ScoresTooLarge(Fine):
    def score(self, users):
        return super().score(users).astype(np.float64) * 1e300


class ScoresStrided(Fine):
    """Odd but allowed: float64, reversed strides, read-only."""

    def score(self, users):
        scores = super().score(users)[:, ::-1].astype(np.float64)[:, ::-1]
        scores.flags.writeable = False
        return scores


class ConstantScores(Fine):
    def score(self, users):
        return np.zeros_like(super().score(users))


class Lists(Fine):
    """Recommends by itself, correctly: unseen items that occur in training."""

    def fit(self, train, context):
        self.items = np.unique(train.items)
        matrix = train.csr()
        self.seen = {u: set(matrix[[u]].indices) for u in range(train.n_users)}
        if context.validation is not None:
            for user, item in zip(
                context.validation.users, context.validation.items, strict=True
            ):
                self.seen[int(user)].add(int(item))

    def recommend(self, users, k):
        lists = np.full((len(users), k), -1, dtype=np.int32)
        for row, user in enumerate(users):
            fresh = [i for i in self.items if i not in self.seen[int(user)]][:k]
            lists[row, : len(fresh)] = fresh
        return self.change(lists, users)

    def change(self, lists, users):
        return lists


class RepeatsItems(Lists):
    def change(self, lists, users):
        lists[:, 1] = lists[:, 0]
        return lists


class ListsSeen(Lists):
    def change(self, lists, users):
        lists[0, 0] = next(iter(self.seen[int(users[0])]))
        return lists


class ListsUnknown(Lists):
    def change(self, lists, users):
        lists[0, 0] = 10**6
        return lists


class ListsHoles(Lists):
    def change(self, lists, users):
        lists[:, 0] = -1
        return lists


class ListsNegative(Lists):
    def change(self, lists, users):
        lists[0, -1] = -7
        return lists


class ListsFloats(Lists):
    def change(self, lists, users):
        return lists.astype(np.float32)


class Vectors(Fine):
    def user_vectors(self, users):
        return np.ones((len(users), 2), dtype=np.float32)

    def item_vectors(self):
        return np.ones((len(self.counts), 2), dtype=np.float32)


class VectorsNan(Vectors):
    def user_vectors(self, users):
        return super().user_vectors(users) * np.nan


class VectorsMismatch(Vectors):
    def item_vectors(self):
        return super().item_vectors()[1:]
