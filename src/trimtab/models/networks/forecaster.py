"""`NetworkForecaster`: what all architectures do alike: parameters, samples, training, the fitted network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch

from trimtab.datasets import Dataset
from trimtab.datasets.weights import counted_rows
from trimtab.models.inputs import training_rows
from trimtab.models.networks.determinism import reproducible, seed_torch
from trimtab.models.networks.fitted import FittedNetwork, ready
from trimtab.models.networks.outcome import fit_outcome, loss_of
from trimtab.models.networks.samples import Samples, early_stopping_parts, maker_of_samples
from trimtab.models.networks.scaling import fit_scaling
from trimtab.models.networks.shares import feature_shares
from trimtab.models.networks.training import TrainingSettings, train
from trimtab.models.parameters import ParameterSpec, complete
from trimtab.models.protocol import FitContext
from trimtab.storage.hashing import fingerprint_json


@dataclass(frozen=True)
class NetworkForecaster:
    """An architecture with its parameters; a subclass says `family`, `specs` and `build`."""

    family: ClassVar[str]
    specs: ClassVar[tuple[ParameterSpec, ...]]
    given: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        complete(self.family, self.specs, self.given)

    @staticmethod
    def build(parameters: Mapping[str, Any], n_features: int) -> torch.nn.Module:
        """The network with random weights: scaled inputs (n, k) or (n, window, k) -> (n,)."""
        raise NotImplementedError

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters, defaults filled in."""
        return complete(self.family, self.specs, self.given)

    @property
    def window(self) -> int:
        """How many bars an input holds."""
        return int(self.parameters.get("window", 1))

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedNetwork:
        """Train; without a validation the last 15 % of the time, purged, stop the training."""
        training_rows(train)  # refuses what cannot be learnt from
        fitting, judging = early_stopping_parts(counted_rows(train), validation)
        scaling = fit_scaling(fitting.features)
        outcome = fit_outcome(train.task, fitting.target, fitting.weight)
        samples_of = maker_of_samples(scaling, outcome, self.window)
        samples = samples_of(fitting)
        module = self._trained(samples, None if judging is None else samples_of(judging), train, context)
        return FittedNetwork(
            family=self.family,
            task=train.task,
            feature_names=train.feature_names,
            parameters=self.parameters,
            module=module,
            scaling=scaling,
            outcome=outcome,
            share=feature_shares(module, samples),
        )

    def _trained(
        self, samples: Samples, judging: Samples | None, dataset: Dataset, context: FitContext
    ) -> torch.nn.Module:
        parameters = self.parameters
        with reproducible():
            seed_torch(context.seed)
            module = self.build(parameters, len(dataset.feature_names))
        settings = TrainingSettings(**{name: parameters[name] for name in TrainingSettings.__dataclass_fields__})
        loss = loss_of(dataset.task, parameters["loss"])
        fingerprint = "" if context.checkpoints is None else self._fingerprint(samples, judging, dataset.task)
        module.load_state_dict(train(module, samples, judging, loss, settings, context, fingerprint).state)
        return ready(module)

    def _fingerprint(self, samples: Samples, judging: Samples | None, task: str) -> str:
        parts = [samples.fingerprint(), "" if judging is None else judging.fingerprint()]
        return fingerprint_json({"family": self.family, "parameters": self.parameters, "task": task, "samples": parts})
