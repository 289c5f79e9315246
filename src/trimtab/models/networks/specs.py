"""The parameters that every network has; an architecture puts its own before them."""

from __future__ import annotations

from trimtab.models.parameters import ParameterSpec

WINDOW = ParameterSpec("window", "int", 20, 2, 512)
ACTIVATION = ParameterSpec("activation", "choice", "relu", choices=("relu", "gelu", "elu", "tanh"))

TRAINING = (
    ParameterSpec("learning_rate", "float", 1e-3, 1e-6, 1.0, search=(2e-4, 1e-2), log=True),
    ParameterSpec("dropout", "float", 0.4, 0.0, 0.9, search=(0.1, 0.6)),
    ParameterSpec("weight_decay", "float", 0.01, 0.0, 100.0, search=(1e-3, 1.0), log=True),
    ParameterSpec("batch_size", "int", 128, 1, 65_536),
    ParameterSpec("epochs", "int", 40, 1, 5000),
    ParameterSpec("patience", "int", 6, 1, 5000),
    ParameterSpec("schedule", "choice", "cosine", choices=("constant", "cosine", "plateau")),
    ParameterSpec("clip_norm", "float", 1.0, 1e-3, 1e6),
    ParameterSpec("loss", "choice", "squared", choices=("squared", "huber")),
)
