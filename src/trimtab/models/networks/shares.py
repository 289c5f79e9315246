"""How much each feature moves a network: gradient times input on some training rows."""

from __future__ import annotations

import numpy as np
import torch

from trimtab.models.networks.determinism import reproducible
from trimtab.models.networks.training import Batches

N_ROWS = 512
_BATCH = 64


def feature_shares(module: torch.nn.Module, batches: Batches) -> np.ndarray:
    """Mean |input x gradient of the output| by feature, summing to 1; float64, shape (k,), zeros if nothing moves it.

    On at most 512 rows spread over the training rows, summed over the bars of a window (Shrikumar et al. 2017,
    "gradient * input"). Inputs are scaled, so a feature that was constant in training has no share.
    """
    index = np.unique(np.linspace(0, len(batches) - 1, min(N_ROWS, len(batches))).round().astype(np.int64))
    module.eval()
    with reproducible():
        total = sum(_moved(module, batches, index[i : i + _BATCH]) for i in range(0, len(index), _BATCH))
    shares = np.asarray(total, dtype=np.float64)
    return shares / shares.sum() if shares.sum() > 0 else shares


def _moved(module: torch.nn.Module, batches: Batches, index: np.ndarray) -> np.ndarray:
    inputs = batches.rows(index)[0].requires_grad_()
    (gradient,) = torch.autograd.grad(module(inputs).sum(), inputs)
    moved = (gradient * inputs).detach().abs().double()
    return moved.reshape(-1, moved.shape[-1]).sum(dim=0).numpy()
