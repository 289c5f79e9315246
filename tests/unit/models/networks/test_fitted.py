"""A stored network is loaded only when it fits its description; a row is forecast alike in any company."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from fakes.datasets import make_dataset
from safetensors.torch import load, save

from trimtab.errors import ArtifactError
from trimtab.models.description import read_description
from trimtab.models.families import load_fitted, make_forecaster
from trimtab.models.networks.fitted import CHUNK, FILE, FittedNetwork, empty_network
from trimtab.models.protocol import FitContext

SMALL = {
    "dense": {"hidden": [24, 8]},
    "lstm": {"hidden": [12], "window": 5},
    "cnn": {"channels": [12], "window": 5},
    "tcn": {"channels": [12], "window": 5},
    "transformer": {"width": 12, "n_heads": 3, "window": 5},
}


def fit(family: str, k: int = 4, **parameters: object) -> FittedNetwork:
    forecaster = make_forecaster(family, {**SMALL[family], "epochs": 1, **parameters})
    return forecaster.fit(make_dataset(80, k=k, history=True), None, FitContext(2, 1))


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return fit("dense").save()


@pytest.mark.parametrize("k", [1, 7, 33, 130])
@pytest.mark.parametrize("family", sorted(SMALL))
def test_a_row_is_forecast_bit_for_bit_alike_alone_in_any_place_and_on_two_threads(family: str, k: int) -> None:
    fitted = fit(family, k)
    shape = (k,) if fitted.window == 1 else (fitted.window, k)
    rows = np.random.default_rng(3).standard_normal((2 * CHUNK + 5, *shape))
    together = fitted.predict(rows).value
    assert np.array_equal(together, [fitted.predict(row[None]).value[0] for row in rows])
    for shift in range(1, CHUNK):
        assert np.array_equal(fitted.predict(np.roll(rows, shift, axis=0)).value, np.roll(together, shift))
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert np.array_equal(fitted.predict(rows).value, together)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("family", sorted(SMALL))
def test_a_loaded_network_forecasts_the_same_bits(family: str) -> None:
    fitted = fit(family)
    again = load_fitted(fitted.save())
    inputs = make_dataset(40, k=4, history=True).windows(5) if fitted.window > 1 else make_dataset(40, k=4).features
    assert (again.family, again.window, again.save()) == (family, fitted.window, fitted.save())
    assert np.array_equal(again.predict(inputs).value, fitted.predict(inputs).value)


def test_weights_are_float32_and_scaling_is_float64(files) -> None:
    kinds = {name: tensor.dtype for name, tensor in load(files[FILE]).items()}
    assert {kind for name, kind in kinds.items() if name.startswith("network.")} == {torch.float32}
    assert {kinds[name] for name in ("center", "factor", "share", "outcome")} == {torch.float64}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.pop("network.0.bias"), r"'network.0.bias' is absent, not float32 \[24\]"),
        (lambda t: t.update({"network.0.bias": torch.zeros(9)}), r"float32 \[9\], not float32 \[24\]"),
        (lambda t: t.update(center=torch.zeros(4)), r"'center' is float32 \[4\], not float64 \[4\]"),
        (lambda t: t.update(surplus=torch.zeros(1)), "'surplus' is float32"),
        (lambda t: t["network.0.bias"].fill_(float("nan")), "no numbers"),
    ],
)
def test_weights_that_do_not_fit_the_parameters_are_refused(files, change, said: str) -> None:
    tensors = load(files[FILE])
    change(tensors)
    with pytest.raises(ArtifactError, match=said):
        load_fitted({**files, FILE: save(tensors)})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parameters": {"hidden": [999_999_999]}}, "hidden"),
        ({"parameters": {}}, "lacks parameters"),
        ({"family": "lstm"}, "unknown parameter"),
        ({"family": "naive"}, "not a network"),
        ({"feature_names": ["a", "b"]}, "does not fit"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(files, change: dict, said: str) -> None:
    described = {**json.loads(files["model.json"]), **change}
    with pytest.raises(ArtifactError, match=said):
        FittedNetwork.load({**files, "model.json": json.dumps(described).encode()})


def test_a_giant_in_the_description_takes_no_memory(files) -> None:
    described = json.loads(files["model.json"])
    described["parameters"]["hidden"] = [2048] * 100  # 1.7 GB of weights
    giant = {**files, "model.json": json.dumps(described).encode()}
    assert all(tensor.is_meta for tensor in empty_network(read_description(giant)).parameters())
    with pytest.raises(ArtifactError, match="does not fit"):
        FittedNetwork.load(giant)


def test_damaged_bytes_never_raise_anything_but_an_artifact_error(files) -> None:
    rng = np.random.default_rng(0)
    outcomes = {"loaded": 0, "refused": 0}
    for trial in range(300):
        name = sorted(files)[trial % 2]
        content = bytearray(files[name])
        if trial % 3:
            content[rng.integers(0, min(len(content), 900))] ^= int(rng.integers(1, 256))
        else:
            content = content[: rng.integers(0, len(content))]
        try:
            load_fitted({**files, name: bytes(content)})
            outcomes["loaded"] += 1  # a weight, or a letter of a feature's name, has another value
        except ArtifactError:
            outcomes["refused"] += 1
    assert outcomes["refused"] > 150


def test_a_constant_and_an_empty_feature_have_no_importance() -> None:
    dataset = make_dataset(80)
    features = dataset.features.copy(order="F")
    features[:, 2], features[:, 3] = np.nan, 4.0
    fitted = make_forecaster("dense", {"epochs": 1}).fit(replace(dataset, features=features), None, FitContext(2, 1))
    shares = fitted.importance()
    assert (shares["feature_2"], shares["feature_3"]) == (0.0, 0.0)
    assert sum(shares.values()) == pytest.approx(1.0)
