"""A model whose memory is known."""

import numpy as np

from faulty_models.base import Fine

MIB = 300


class AllocatesAKnownAmount(Fine):
    def spoil(self, train, context):
        np.ones(MIB * 2**20, dtype=np.uint8)  # touched, then freed
