"""The pieces the architectures are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "gelu": nn.GELU, "elu": nn.ELU, "tanh": nn.Tanh}


class Head(nn.Module):
    """The last layer: one number per sample; (n, width) -> (n,)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(inputs).squeeze(-1)


class CausalConvolution(nn.Module):
    """A convolution over bars that sees a bar and those before it; (n, channels, bars) -> (n, wider, bars)."""

    def __init__(self, channels: int, wider: int, kernel_size: int, dilation: int = 1) -> None:
        super().__init__()
        self.before = (kernel_size - 1) * dilation
        self.convolution = nn.Conv1d(channels, wider, kernel_size, dilation=dilation)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.convolution(functional.pad(inputs, (self.before, 0)))


def last_and_mean(sequence: Tensor) -> Tensor:
    """The newest bar beside the mean over all bars; (n, channels, bars) -> (n, 2 x channels)."""
    return torch.cat([sequence[..., -1], sequence.mean(dim=-1)], dim=-1)
