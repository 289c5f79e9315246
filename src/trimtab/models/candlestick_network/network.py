"""The convolution itself, and a trained one: bars in, fifteen probabilities out.

Two convolutions over three bars each read shapes, one dense layer reads where in the window they stand:
a pattern is one only where it ends at the newest bar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import nn

from trimtab.errors import ArtifactError, ConfigurationError
from trimtab.models.candlestick_network.patterns import PATTERNS
from trimtab.models.candlestick_network.split import Split
from trimtab.models.candlestick_network.windows import COLUMNS, WINDOW, Windows, normalised
from trimtab.models.networks.determinism import one_thread

# Every product of matrices has this many rows, so a window alone is told bit for bit as among others.
CHUNK = 256
LARGEST = 1024  # of a layer: a damaged description must not ask for all memory


@dataclass(frozen=True)
class Shape:
    """How large the network is.

    Attributes
    ----------
    channels: shapes that each of the two convolutions looks for.
    kernel: bars a convolution sees at once, odd.
    hidden: units of the dense layer.
    """

    channels: int = 32
    kernel: int = 3
    hidden: int = 128

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST:
                raise ConfigurationError(f"{name} is {value!r}; it must be a whole number from 1 to {LARGEST}")
        if self.kernel % 2 == 0 or self.kernel > WINDOW:
            raise ConfigurationError(f"kernel is {self.kernel}; it must be odd and below {WINDOW}")

    def module(self) -> nn.Module:
        """The network with weights not yet trained: (b, 5, 20) in, (b, 15) logits out."""
        padding = self.kernel // 2
        return nn.Sequential(
            nn.Conv1d(len(COLUMNS), self.channels, self.kernel, padding=padding),
            nn.ReLU(),
            nn.Conv1d(self.channels, self.channels, self.kernel, padding=padding),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(self.channels * WINDOW, self.hidden),
            nn.ReLU(),
            nn.Linear(self.hidden, len(PATTERNS)),
        )


@dataclass(frozen=True)
class CandlestickNetwork:
    """A trained network; it never changes.

    Attributes
    ----------
    shape: how large it is.
    weights: float32 arrays by their names in the module.
    thresholds: from which probability on a pattern counts as present, float64, shape (15,).
    split: what trained it, and from when on it has seen nothing.
    training: how it was trained, JSON values.
    """

    shape: Shape
    weights: Mapping[str, np.ndarray]
    thresholds: np.ndarray
    split: Split
    training: Mapping[str, Any]

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        """What it says of bars of shape (b, 20, 5): float64, shape (b, 15), columns as `PATTERNS`.

        NaN for a window with a value that is NaN or infinite. Raises `ConfigurationError` for another shape.
        """
        if windows.ndim != 3 or windows.shape[1:] != (WINDOW, len(COLUMNS)):
            raise ConfigurationError(
                f"windows have shape {windows.shape}; they must be (n, {WINDOW}, {len(COLUMNS)}): {', '.join(COLUMNS)}"
            )
        return self._told(len(windows), lambda rows: windows[rows])

    def probabilities_of(self, windows: Windows, told: Callable[[], None] = lambda: None) -> np.ndarray:
        """What it says of stacked windows, cut as they are needed; `told` is called after each `CHUNK` of them."""
        return self._told(len(windows), windows.cut, told)

    def _told(
        self, n: int, cut: Callable[[np.ndarray], np.ndarray], told: Callable[[], None] = lambda: None
    ) -> np.ndarray:
        out = np.empty((n, len(PATTERNS)))
        with one_thread(), torch.inference_mode():
            for start in range(0, n, CHUNK):
                rows = np.arange(start, min(start + CHUNK, n))
                inputs = np.zeros((CHUNK, len(COLUMNS), WINDOW), dtype=np.float32)
                inputs[: len(rows)] = normalised(cut(rows))
                logits = self._module(torch.from_numpy(inputs)).double()
                out[rows] = torch.sigmoid(logits)[: len(rows)].numpy()
                told()
        return out

    def check(self) -> None:
        """Raise `ArtifactError` unless the weights have the shapes that `shape` asks for."""
        self._module.eval()

    @cached_property
    def _module(self) -> nn.Module:
        module = self.shape.module()
        wanted = {name: tuple(each.shape) for name, each in module.state_dict().items()}
        given = {name: each.shape for name, each in self.weights.items()}
        if wanted != given:
            raise ArtifactError(
                f"the network's weights have shapes {given}, its description asks for {wanted}; train it again"
            )
        module.load_state_dict({name: torch.from_numpy(each.copy()) for name, each in self.weights.items()})
        return module.eval()
