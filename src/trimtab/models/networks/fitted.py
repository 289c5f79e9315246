"""`FittedNetwork`: a trained network of any architecture, as weights in safetensors and a description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as write_tensors
from torch import Tensor

from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError, ConfigurationError
from trimtab.models import description
from trimtab.models.description import Description, read_description
from trimtab.models.families import find_family
from trimtab.models.inputs import checked_features
from trimtab.models.networks.determinism import one_thread
from trimtab.models.networks.outcome import Outcome
from trimtab.models.networks.progress import copied
from trimtab.models.networks.scaling import InputScaling
from trimtab.models.protocol import Forecast

FILE = "weights.safetensors"
# Rows go through the network so many at a time, filled up with zeros: matrix products of one shape treat every row
# alike, so a row alone is forecast bit for bit as in a batch.
CHUNK = 16
_PREFIX = "network."


@dataclass(frozen=True, eq=False)
class FittedNetwork:
    """A trained network; forecasts run on one CPU thread, wherever it was trained.

    Attributes
    ----------
    family: the architecture.
    module: the network, in evaluation mode.
    scaling: of the inputs, learnt from the training rows.
    outcome: from the network's output to the forecast.
    share: float64, shape (k,): importance, summing to 1 (see `shares`).
    """

    family: str
    task: Task
    feature_names: tuple[str, ...]
    parameters: Mapping[str, Any]
    module: torch.nn.Module = field(repr=False)
    scaling: InputScaling = field(repr=False)
    outcome: Outcome
    share: np.ndarray = field(repr=False)

    @property
    def window(self) -> int:
        return int(self.parameters.get("window", 1))

    def predict(self, features: np.ndarray) -> Forecast:
        rows = checked_features(features, self.feature_names, self.window)
        output = np.empty(len(rows))
        with one_thread(), torch.inference_mode():
            for start in range(0, len(rows), CHUNK):
                some = rows[start : start + CHUNK]
                output[start : start + CHUNK] = self._output(some)
        return Forecast(self.outcome.to_forecast(output))

    def _output(self, rows: np.ndarray) -> np.ndarray:
        filled = torch.zeros((CHUNK, *rows.shape[1:]))
        filled[: len(rows)] = torch.from_numpy(self.scaling.transform(rows))
        return self.module(filled)[: len(rows)].double().numpy()

    def save(self) -> dict[str, bytes]:
        described = Description(self.family, self.task, self.feature_names, self.parameters)
        tensors = {_PREFIX + name: copied(tensor) for name, tensor in self.module.state_dict().items()}
        numbers = {
            "center": self.scaling.center,
            "factor": self.scaling.factor,
            "share": self.share,
            "outcome": np.array([self.outcome.mean, self.outcome.deviation]),
        }
        tensors |= {name: torch.tensor(array, dtype=torch.float64) for name, array in numbers.items()}
        return {description.FILE: described.to_bytes(), FILE: write_tensors(tensors)}

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> FittedNetwork:
        described = read_description(files)
        module = empty_network(described)
        tensors = _checked_tensors(files, module, len(described.feature_names))
        weights = {name.removeprefix(_PREFIX): value for name, value in tensors.items() if name.startswith(_PREFIX)}
        module.load_state_dict(weights, assign=True)
        center, factor, share, outcome = (tensors[n].numpy() for n in ("center", "factor", "share", "outcome"))
        return cls(
            described.family,
            described.task,
            described.feature_names,
            described.parameters,
            ready(module),
            InputScaling(center, factor),
            Outcome(described.task, float(outcome[0]), float(outcome[1])),
            share,
        )

    def importance(self) -> dict[str, float]:
        return dict(zip(self.feature_names, self.share.tolist(), strict=True)) if self.share.any() else {}


def ready(module: torch.nn.Module) -> torch.nn.Module:
    """A network that only forecasts: on the CPU, without dropout, without gradients."""
    return module.to("cpu").eval().requires_grad_(False)


def empty_network(described: Description) -> torch.nn.Module:
    """The network a description tells of, without memory for its weights: a damaged one must not fill the machine."""
    family = find_family(described.family)
    if not family.module.startswith("networks."):
        raise ArtifactError(f"the files hold a model of family '{described.family}', not a network")
    forecaster = family.load(family.forecaster)
    try:
        parameters = forecaster(described.parameters).parameters
    except (ConfigurationError, TypeError) as error:
        raise ArtifactError(f"the model's {description.FILE} is damaged ({error}); train the model again") from error
    if parameters != described.parameters:
        raise ArtifactError(f"the model's {description.FILE} lacks parameters of {described.family}; train it again")
    with torch.device("meta"):
        return forecaster.build(parameters, len(described.feature_names))


def _checked_tensors(files: Mapping[str, bytes], module: torch.nn.Module, n_features: int) -> dict[str, Tensor]:
    """The tensors of the weights file, of the very names, types and shapes the network has, all of them finite."""
    try:
        tensors: dict[str, Tensor] = read_tensors(files[FILE])
    except (KeyError, SafetensorError) as error:
        raise ArtifactError(f"the model's {FILE} is missing or damaged ({error!r}); train the model again") from error
    wanted = {_PREFIX + name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in module.state_dict().items()}
    wanted |= dict.fromkeys(("center", "factor", "share"), (torch.float64, (n_features,)))
    wanted["outcome"] = (torch.float64, (2,))
    found = {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in tensors.items()}
    if found != wanted:
        odd = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
        raise ArtifactError(
            f"the model's {FILE} does not fit its parameters: '{odd[0]}' is {_said(found.get(odd[0]))}, "
            f"not {_said(wanted.get(odd[0]))}; train the model again"
        )
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise ArtifactError(f"the model's {FILE} holds weights that are no numbers; train the model again")
    return tensors


def _said(kind: tuple[torch.dtype, tuple[int, ...]] | None) -> str:
    return "absent" if kind is None else f"{str(kind[0]).removeprefix('torch.')} {list(kind[1])}"
