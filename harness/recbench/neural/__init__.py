"""What a neural model needs and should not write again. Public; imports torch.

::

    device = seed_everything(context)
    columns = tensors(train.users, train.items, train.ratings, device=device)
    optimizer = adam((net.parameters(), 1e-5), learning_rate=1e-3)

    def one_epoch(epoch: int) -> float:
        return mean(
            descend(loss_of(net, *batch), optimizer)
            for batch in batches(*columns, size=512)
        )

    EarlyStopping(self, net, context, epochs=30, patience=3).run(one_epoch)

Look up rows of a table with ``nn.Embedding`` or ``F.embedding``: the gradient of plain
indexing, ``weight[users]``, sums in an order that differs between runs as soon as
there are two threads (unless deterministic algorithms are on, which is slower).
"""

from recbench.neural.batches import batches, tensors
from recbench.neural.dropout import Dropout
from recbench.neural.losses import softmax_loss
from recbench.neural.negatives import NegativeSampler
from recbench.neural.offsets import Offsets
from recbench.neural.optimizers import adam, descend, lazy_tables, mean
from recbench.neural.precision import Precision, moved
from recbench.neural.products import Linear, linear
from recbench.neural.rows import Entries, Rows, SparseLinear, sparse_product
from recbench.neural.seeding import seed_everything
from recbench.neural.states import load_module, save_module
from recbench.neural.stopping import EarlyStopping
from recbench.states import read_arrays, save_arrays

__all__ = [
    "Dropout",
    "EarlyStopping",
    "Entries",
    "Linear",
    "NegativeSampler",
    "Offsets",
    "Precision",
    "Rows",
    "SparseLinear",
    "adam",
    "batches",
    "descend",
    "lazy_tables",
    "linear",
    "load_module",
    "mean",
    "moved",
    "read_arrays",
    "save_arrays",
    "save_module",
    "seed_everything",
    "softmax_loss",
    "sparse_product",
    "tensors",
]
