"""A small autoencoder, and what can go wrong with one."""

import torch
from torch import nn


class Sound:
    epochs, dropout, norm = 40, 0.2, False

    def seed(self, context):
        torch.manual_seed(context.seed)

    def fit(self, train, context):
        self.seed(context)
        m = train.n_items
        middle = nn.BatchNorm1d(16) if self.norm else nn.Identity()
        self.net = nn.Sequential(
            nn.Dropout(self.dropout),
            nn.Linear(m, 16),
            middle,
            nn.Tanh(),
            nn.Linear(16, m),
        )
        self.rows = torch.zeros(train.n_users, m)
        positives = train.positives()
        users, items = (
            torch.from_numpy(positives.users),
            torch.from_numpy(positives.items),
        )
        self.rows[users.long(), items.long()] = 1
        optimizer = torch.optim.Adam(self.net.parameters(), lr=0.02)
        for epoch in range(self.epochs):
            loss = nn.functional.mse_loss(self.net(self.rows), self.rows)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            context.report(epoch=epoch + 1, epochs=self.epochs, loss=loss.item())
            if context.should_stop():
                break
        self.finish()

    def finish(self):
        self.net.eval()

    @property
    def n_parameters(self):
        return sum(p.numel() for p in self.net.parameters())

    @torch.inference_mode()
    def score(self, users):
        return self.net(self.rows[torch.from_numpy(users).long()]).numpy()


class Unseeded(Sound):
    def seed(self, context):
        pass


class FixedSeed(Sound):
    def seed(self, context):
        torch.manual_seed(42)


class DropoutLeftOn(Sound):
    def finish(self):
        pass


class BatchNormLeftOn(Sound):
    dropout, norm = 0.0, True

    def finish(self):
        pass

    @torch.inference_mode()
    def score(self, users):
        rows = self.rows[torch.from_numpy(users).long()]
        return self.net(torch.cat((rows, rows))).numpy()[: len(rows)]


class SharesMemory(Sound):
    def fit(self, train, context):
        super().fit(train, context)
        torch.from_numpy(train.users).add_(1).clamp_(max=train.n_users - 1)
