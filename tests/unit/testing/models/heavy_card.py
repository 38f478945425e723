"""A card that imports what only the model needs."""

from collections.abc import Iterator

import scipy.sparse

from recbench import ModelSpec, hookimpl


class Heavy:
    def fit(self, train, context) -> None:
        self.matrix = scipy.sparse.csr_array((train.n_users, train.n_items))

    def score(self, users):
        return self.matrix[users].toarray()


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    yield ModelSpec(name="heavy", factory=Heavy, tasks=("top-n",))
