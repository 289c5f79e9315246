"""What each architecture sees, and what its parameters make of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fakes.datasets import make_dataset

from trimtab.errors import ConfigurationError, DatasetError, UnknownNameError
from trimtab.models.families import default_parameters, make_forecaster, search_space
from trimtab.models.networks.determinism import reproducible, seed_torch
from trimtab.models.networks.layers import CausalConvolution, last_and_mean
from trimtab.models.protocol import FitContext

SEQUENCES = ("cnn", "lstm", "tcn", "transformer")
NETWORKS = ("dense", *SEQUENCES)


def build(family: str, n_features: int = 5, **parameters: object) -> torch.nn.Module:
    forecaster = make_forecaster(family, parameters)
    with reproducible():
        seed_torch(1)
        return forecaster.build(forecaster.parameters, n_features).eval()


def reach(family: str, bars: int, **parameters: object) -> list[bool]:
    """Whether each bar of a window moves the forecast, oldest first."""
    inputs = torch.randn(8, bars, 5, requires_grad=True, generator=torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(build(family, window=bars, **parameters)(inputs).sum(), inputs)
    return (gradient.abs().sum(dim=(0, 2)) > 0).tolist()


@pytest.mark.parametrize("family", SEQUENCES)
def test_a_sequence_network_reads_every_bar_of_its_window(family: str) -> None:
    assert reach(family, 20) == [True] * 20


@pytest.mark.parametrize(("blocks", "kernel_size"), [(1, 2), (2, 3), (3, 2)])
def test_the_temporal_network_reaches_as_far_as_its_formula_says(blocks: int, kernel_size: int) -> None:
    bars = 1 + 2 * (kernel_size - 1) * (2**blocks - 1)
    seen = reach("tcn", bars + 3, channels=[16] * blocks, kernel_size=kernel_size, activation="tanh")
    assert seen == [False] * 3 + [True] * bars


def test_the_order_of_the_bars_matters_to_every_sequence_network() -> None:
    inputs = torch.randn(4, 20, 5, generator=torch.Generator().manual_seed(0))
    swapped = inputs.clone()
    swapped[:, [3, 16]] = inputs[:, [16, 3]]
    for family in SEQUENCES:
        module = build(family)
        assert not torch.allclose(module(inputs), module(swapped)), family


def test_a_causal_convolution_is_the_sum_over_the_bars_before() -> None:
    layer = CausalConvolution(1, 1, kernel_size=3, dilation=2)
    series = np.random.default_rng(0).standard_normal(12)
    kernel = layer.convolution.weight.detach().numpy().ravel()
    spread = np.zeros(5)
    spread[::2] = kernel[::-1]
    theirs = np.convolve(series, spread)[:12] + layer.convolution.bias.item()
    ours = layer(torch.tensor(series[None, None], dtype=torch.float32)).detach().numpy().ravel()
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_the_newest_bar_stands_beside_the_mean() -> None:
    assert last_and_mean(torch.tensor([[[1.0, 2.0, 6.0]]])).tolist() == [[6.0, 3.0]]


@pytest.mark.parametrize(
    ("family", "parameters", "shape"),
    [
        ("dense", {"hidden": [7, 3]}, (3, 7)),
        ("lstm", {"hidden": [6, 4]}, (16, 4)),
        ("cnn", {"channels": [6, 4], "kernel_size": 2}, (4, 6, 2)),
        ("tcn", {"channels": [6, 4], "kernel_size": 2}, (4, 6, 2)),
        ("transformer", {"width": 12, "n_heads": 3, "n_layers": 2}, (24, 12)),
    ],
)
def test_layers_come_from_the_parameters(family: str, parameters: dict, shape: tuple[int, ...]) -> None:
    assert shape in {tuple(tensor.shape) for tensor in build(family, **parameters).state_dict().values()}


def test_dropout_and_activation_come_from_the_parameters() -> None:
    for family in NETWORKS:
        rates = {m.p for m in build(family, dropout=0.37).modules() if isinstance(m, torch.nn.Dropout)}
        assert rates == {0.37}, family
    for family in ("dense", "cnn", "tcn"):
        assert any(isinstance(m, torch.nn.ELU) for m in build(family, activation="elu").modules()), family


def test_the_windows_are_those_of_the_parameters() -> None:
    assert make_forecaster("dense").window == 1
    assert {make_forecaster(family).window for family in SEQUENCES} == {20}
    assert make_forecaster("lstm", {"window": 7}).window == 7


@pytest.mark.parametrize("family", SEQUENCES)
def test_a_dataset_without_a_history_is_refused(family: str) -> None:
    with pytest.raises(DatasetError, match="no history"):
        make_forecaster(family).fit(make_dataset(100), None, FitContext(1, 1))


@pytest.mark.parametrize(
    ("family", "parameters", "said"),
    [
        ("transformer", {"width": 30, "n_heads": 4}, "multiple of 'n_heads', such as 32"),
        ("dense", {"hidden": []}, r"such as \[64, 32\]"),
        ("lstm", {"window": 1}, "from 2 to 512"),
        ("dense", {"window": 5}, "window"),
    ],
)
def test_parameters_that_make_no_network_are_refused(family: str, parameters: dict, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        make_forecaster(family, parameters)


def test_an_unknown_activation_names_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'relu'"):
        make_forecaster("dense", {"activation": "rellu"})


@pytest.mark.parametrize("family", NETWORKS)
def test_every_point_of_the_search_space_makes_a_network(family: str) -> None:
    dimensions = search_space(family).dimensions
    assert len(dimensions) >= 3
    for end in ("low", "high"):
        build(family, **{dimension.name: getattr(dimension, end) for dimension in dimensions})
    assert {dimension.name for dimension in dimensions} <= set(default_parameters(family))
