"""What is known of users and items beside what they did, as sparse rows."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import FeatureEncoder, Features, Interactions, Queries


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """The users, or the items.

    Attributes:
        encoder: Turns features into columns.
        rows: Encoded features, float32, shape ``(n, width)``.
        trained: bool, shape ``(n,)``: whether a code has a training interaction.
    """

    encoder: FeatureEncoder
    rows: csr_array
    trained: NDArray[np.bool_]

    @classmethod
    def of(cls, features: Features | None, codes: NDArray[np.int32], n: int) -> Self:
        """Encode the features of ``n`` codes, those that occur being the known ones."""
        trained = np.bincount(codes, minlength=n) > 0
        encoder = FeatureEncoder.fit(features, rows=trained)
        rows = (
            csr_array(np.zeros((n, 0), dtype=np.float32))
            if features is None
            else encoder.matrix(features)
        )
        return cls(encoder=encoder, rows=rows, trained=trained)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """Users and items with their features.

    Attributes:
        users: The users.
        items: The items.
        threshold: Ratings from which an interaction is positive, or None.
    """

    users: Side
    items: Side
    threshold: float | None

    @classmethod
    def of(cls, train: Interactions, table: Interactions, whose: str) -> Self:
        """Encode what a model is to know.

        Args:
            train: The training part, with the features.
            table: The interactions that the model learns from.
            whose: ``all``, ``items``, ``users`` or ``none``.
        """
        users = train.user_features if whose in {"all", "users"} else None
        items = train.item_features if whose in {"all", "items"} else None
        return cls(
            users=Side.of(users, table.users, train.n_users),
            items=Side.of(items, table.items, train.n_items),
            threshold=train.threshold,
        )

    def asked(self, queries: Queries) -> csr_array:
        """Return the encoded features of the users of queries, ``(n, width)``."""
        width = self.users.rows.shape[1]
        if queries.user_features is not None and width:
            return self.users.encoder.matrix(queries.user_features)
        at = np.flatnonzero(queries.users >= 0)
        pick = csr_array(
            (np.ones(len(at), dtype=np.float32), (at, queries.users[at])),
            shape=(len(queries), self.users.rows.shape[0]),
        )
        return csr_array(pick @ self.users.rows)

    def histories(self, queries: Queries) -> csr_array:
        """Return 1 for each positive item of each query, ``(n, n_items)``.

        An item counts once; interactions rated below the threshold do not count.
        """
        owners = np.repeat(np.arange(len(queries)), np.diff(queries.offsets))
        items = queries.items
        if self.threshold is not None and queries.ratings is not None:
            liked = queries.ratings >= np.float32(self.threshold)
            owners, items = owners[liked], items[liked]
        ones = np.ones(len(items), dtype=np.float32)
        shape = (len(queries), len(self.items.trained))
        rows = csr_array((ones, (owners, items)), shape=shape)
        rows.sum_duplicates()
        rows.data[:] = 1
        return rows
