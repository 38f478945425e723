"""The autoencoder as a torch module, and the sparse vectors that it rebuilds."""

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn

from recbench import DataError, Interactions, UsageError
from recbench.neural import Dropout, Entries, Linear, Offsets, Rows, SparseLinear
from recbench_autorec import Params

ACTIVATION = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "identity": nn.Identity,
}
SMALL = 0.003  # so that training starts at the offsets, but not in a saddle point
BLOCK = 512  # rows encoded at once where no gradient is needed


class Network(nn.Module):
    """One hidden layer between a vector of ``m`` ratings and its reconstruction.

    Args:
        params: Width, activation and dropout.
        m: Length of the vectors.
    """

    def __init__(self, params: Params, m: int) -> None:
        """Initialise as torch does, the decoder near 0 where there are offsets."""
        super().__init__()
        self.observed_only = params.loss == "observed"
        self.corrupt, self.drop = Dropout(params.input_dropout), Dropout(params.dropout)
        self.encoder = SparseLinear(m, params.hidden)
        self.activate = ACTIVATION[params.activation]()
        self.decoder = Linear(params.hidden, m)
        if params.offsets:
            nn.init.normal_(self.decoder.weight, std=SMALL)
            nn.init.zeros_(self.decoder.bias)

    def encode(self, vectors: Entries) -> Tensor:
        """Return the codes of ``b`` vectors, shape ``(b, hidden)``."""
        corrupted = vectors.with_values(self.corrupt(vectors.value))
        codes: Tensor = self.activate(self.encoder(corrupted))
        return codes

    def loss(self, vectors: Entries, offsets: Tensor) -> Tensor:
        """Return the mean squared error of a batch.

        Args:
            vectors: What is observed of ``b`` vectors.
            offsets: What the outputs are added to, shape ``(b, m)``.
        """
        values, mask = vectors.dense()
        errors = self.decoder(self.drop(self.encode(vectors))) + offsets - values
        if not self.observed_only:
            return torch.mean(errors.square())
        return torch.sum((errors * mask).square()) / mask.sum()

    @torch.no_grad()
    def sides(self, rows: Rows) -> tuple[Tensor, Tensor, Tensor]:
        """Return what every prediction is made of.

        A row without entries has no code of its own and gets the mean code. A column
        that was never fitted gets weights of 0.

        Returns:
            Codes ``(n, hidden)``, decoder weights ``(m, hidden)`` and bias ``(m,)``.
        """
        every = torch.arange(rows.shape[0], device=rows.values.device)
        blocks = torch.split(every, BLOCK)
        codes = torch.cat([self.encode(rows.entries(block)) for block in blocks])
        empty = rows.counts == 0
        codes[empty] = codes[~empty].mean(dim=0)
        weight, bias = self.decoder.weight.clone(), self.decoder.bias.clone()
        if self.observed_only:
            fitted = torch.zeros_like(bias)
            fitted[rows.columns] = 1.0
            weight *= fitted[:, None]
            bias *= fitted
        return codes, weight, bias


def vectors(
    params: Params, train: Interactions, task: str, device: torch.device
) -> tuple[Rows, Offsets]:
    """Return the vectors to rebuild, and what their reconstruction is added to.

    Raises:
        DataError: If ratings are to be fitted and there are none.
        UsageError: If positives are to be fitted and ratings to be predicted.
    """
    offsets = Offsets.none(train)
    if params.loss == "all":
        if task == "rating":
            msg = "autorec: loss=all predicts no ratings; use loss=observed"
            raise UsageError(msg)
        matrix = train.positives().csr()
    else:
        if train.ratings is None:
            msg = "autorec: loss=observed needs ratings, and the data have none; "
            raise DataError(msg + "use loss=all")
        counts, sums = train.csr(), train.csr(values="ratings")
        means = np.asarray(sums.data / counts.data)  # of repeated pairs
        matrix = csr_array((means, sums.indices, sums.indptr), shape=sums.shape)
        if params.offsets:
            offsets = Offsets.fit(train)
    return Rows(matrix.T.tocsr() if params.axis == "item" else matrix, device), offsets
