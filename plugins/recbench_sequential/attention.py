"""A transformer over rows of tokens, causal or not."""

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from recbench.neural import Dropout, Linear

STD = 0.02  # of all weights at the start, as in BERT


class Encoder(nn.Module):
    """Tokens to states; the item vectors also serve as the output layer.

    Args:
        n_tokens: Items and marks.
        n_items: Items; they come first among the tokens.
        width: Longest row.
        dim: Length of a vector.
        blocks: Blocks of attention and feed-forward layers.
        heads: Heads of each attention layer; they divide ``dim``.
        dropout: Of the input and of what each layer adds.
        causal: Whether a position sees only those before it. Positions count from
            the left if so, and from the last token that counts if not.
    """

    threshold: Tensor

    def __init__(
        self,
        n_tokens: int,
        n_items: int,
        *,
        width: int,
        dim: int,
        blocks: int,
        heads: int,
        dropout: float,
        causal: bool,
    ) -> None:
        """Initialise near 0."""
        super().__init__()
        self.n_items, self.causal = n_items, causal
        self.tokens = nn.Embedding(n_tokens, dim)
        self.positions = nn.Embedding(width, dim)
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(dim, heads, dropout, causal=causal) for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(dim)
        self.bias = nn.Parameter(torch.zeros(n_items))
        self.register_buffer("threshold", torch.tensor(torch.nan))
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                nn.init.normal_(weight, std=STD)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    @property
    def vectors(self) -> Tensor:
        """Return the item vectors, shape ``(n_items, dim)``."""
        return self.tokens.weight[: self.n_items]

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return states, shape ``(b, w, dim)``.

        Args:
            tokens: int64, shape ``(b, w)``.
            lengths: Tokens of each row that count, shape ``(b,)``; a causal encoder
                never looks beyond them anyway.
        """
        places = torch.arange(tokens.shape[1], device=tokens.device)
        seen = (places < lengths[:, None])[:, None, None]  # (b, 1, 1, w)
        if not self.causal:  # what is asked for at the end always has place 0
            places = (lengths[:, None] - 1 - places).clamp(min=0)
        x = self.dropout(self.tokens(tokens) + self.positions(places))
        for block in self.blocks:
            x = block(x, seen)
        states: Tensor = self.norm(x)
        return states


class Block(nn.Module):
    """Attention, then a feed-forward layer, each added to its normalised input."""

    def __init__(self, dim: int, heads: int, dropout: float, *, causal: bool) -> None:
        """Make the layers."""
        super().__init__()
        self.heads, self.causal = heads, causal
        self.before = nn.LayerNorm(dim)
        self.queries = Linear(dim, 3 * dim)
        self.mixed = Linear(dim, dim)
        self.between = nn.LayerNorm(dim)
        self.wide = Linear(dim, 2 * dim)
        self.narrow = Linear(2 * dim, dim)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """Return new states, shape ``(b, w, dim)``."""
        b, w, dim = x.shape
        parts = self.queries(self.before(x)).view(b, w, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)  # (b, heads, w, dim / heads) each
        if self.causal:
            found = scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            found = scaled_dot_product_attention(q, k, v, attn_mask=seen)
        x = x + self.dropout(self.mixed(found.transpose(1, 2).reshape(b, w, dim)))
        hidden = self.narrow(gelu(self.wide(self.between(x))))
        result: Tensor = x + self.dropout(hidden)
        return result
