"""Models whose predicted ratings break the contract, or nearly."""

import numpy as np


class PredictsHuge:
    """Allowed: the harness clips predictions to the scale."""

    def fit(self, train, context):
        self.value = np.float32(1e30)

    def predict(self, users, items):
        return np.full(len(users), self.value, dtype=np.float32)


class PredictsNan(PredictsHuge):
    def predict(self, users, items):
        return super().predict(users, items) * np.nan


class PredictsTooFew(PredictsHuge):
    def predict(self, users, items):
        return super().predict(users, items)[:-1]


class PredictsNone(PredictsHuge):
    def predict(self, users, items):
        return None
