"""What the faulty models share: a model without a fault."""

import numpy as np


class Fine:
    """Ranks by popularity; subclasses spoil one thing."""

    def fit(self, train, context):
        """Count the items, after the fault."""
        self.spoil(train, context)
        self.counts = np.bincount(train.items, minlength=train.n_items)

    def spoil(self, train, context):
        """Do what a subclass does wrong."""

    def score(self, users):
        """Return the counts for everyone."""
        scores = np.empty((len(users), len(self.counts)), dtype=np.float32)
        scores[:] = self.counts
        return scores
