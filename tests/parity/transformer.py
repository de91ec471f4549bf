"""A pre-norm transformer whose pieces can be exchanged: for faults, and for equal formulas that
round otherwise."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    """One layer. ``form`` names what is computed in another way."""

    def __init__(self, width: int = 64, heads: int = 4) -> None:
        """Two norms, attention, a perceptron."""
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.heads, self.form = heads, ""

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (batch, time, width) -> the same."""
        if self.form == "bfloat16 round trip":
            x = x.to(torch.bfloat16).to(torch.float32)
        attended = self.out(self.attend(self.normed(self.norm1, x)))
        if self.form == "residuals added late":
            return attended + (self.perceptron(self.normed(self.norm2, x + attended)) + x)
        x = x + attended
        return x + self.perceptron(self.normed(self.norm2, x))

    def normed(self, norm: nn.LayerNorm, x: Tensor) -> Tensor:
        """Layer normalisation."""
        if self.form == "norm by moments":
            mean, square = x.mean(-1, keepdim=True), (x * x).mean(-1, keepdim=True)
            return (x - mean) / torch.sqrt(
                square - mean * mean + norm.eps
            ) * norm.weight + norm.bias
        if self.form == "norm written out":
            centred = x - x.mean(-1, keepdim=True)
            variance = centred.pow(2).mean(-1, keepdim=True)
            return centred * torch.rsqrt(variance + norm.eps) * norm.weight + norm.bias
        return norm(x)

    def attend(self, x: Tensor) -> Tensor:
        """Multi-head attention without the output projection."""
        batch, time, width = x.shape
        size = width // self.heads

        def split(y: Tensor) -> Tensor:
            return y.view(batch, time, self.heads, size).transpose(1, 2)

        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        if self.form == "attention written out":
            scores = torch.softmax((q * size**-0.5) @ k.transpose(-1, -2), -1) @ v
        elif self.form == "softmax without shift":
            weights = torch.exp(q @ k.transpose(-1, -2) * size**-0.5)
            scores = weights @ v / weights.sum(-1, keepdim=True)
        elif self.form == "head by head":
            each = [
                F.scaled_dot_product_attention(q[:, h], k[:, h], v[:, h]) for h in range(self.heads)
            ]
            scores = torch.stack(each, 1)
        else:
            scores = F.scaled_dot_product_attention(q, k, v)
        return scores.transpose(1, 2).reshape(batch, time, width)

    def perceptron(self, x: Tensor) -> Tensor:
        """Up, GELU, down."""
        if self.form == "gelu by tanh":
            return self.down(F.gelu(self.up(x), approximate="tanh"))
        if self.form == "gelu by erf":
            y = self.up(x)
            return self.down(0.5 * y * (1 + torch.erf(y / 2**0.5)))
        if self.form == "products split in two":
            y = F.gelu(self.up(x))
            half = y.shape[-1] // 2
            weight = self.down.weight
            return (
                y[..., :half] @ weight[:, :half].T
                + y[..., half:] @ weight[:, half:].T
                + self.down.bias
            )
        if self.form == "summed backwards":
            return F.linear(F.gelu(self.up(x)).flip(-1), self.down.weight.flip(-1), self.down.bias)
        return self.down(F.gelu(self.up(x)))


def transformer(layers: int = 12) -> nn.Sequential:
    """Seeded; norms with weights of their own."""
    torch.manual_seed(0)
    model = nn.Sequential(*[Block() for _ in range(layers)])
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)
    return model.eval()


def changed(model: nn.Sequential, change: Callable[[nn.Sequential], None]) -> nn.Sequential:
    """A copy with something done to it."""
    result = copy.deepcopy(model)
    change(result)
    return result
