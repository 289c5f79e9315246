"""PyTorch is left as it was found, and one seed gives one result."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from fakes.datasets import make_dataset

from trimtab.errors import ConfigurationError
from trimtab.models.families import make_forecaster
from trimtab.models.networks.determinism import chosen_device, reproducible, seed_torch
from trimtab.models.protocol import FitContext

SMALL = {"hidden": [8], "epochs": 3}


def fit(seed: int) -> dict[str, bytes]:
    return make_forecaster("dense", SMALL).fit(make_dataset(200), None, FitContext(seed, 1)).save()


def test_training_and_forecasting_leave_pytorch_as_it_was() -> None:
    def state() -> tuple:
        flags = (torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark)
        return torch.get_num_threads(), *flags, torch.is_grad_enabled(), torch.get_rng_state().tolist()

    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        before = state()
        fitted = make_forecaster("dense", SMALL).fit(make_dataset(200), None, FitContext(1, 1))
        assert state() == before
        fitted.predict(make_dataset(5).features)
        assert state() == before
    finally:
        torch.set_num_threads(threads)


def test_what_was_drawn_before_does_not_matter() -> None:
    first = fit(3)
    torch.rand(17)
    assert fit(3) == first
    assert fit(4) != first


def test_two_trainings_at_once_do_not_disturb_each_other() -> None:
    alone = [fit(seed) for seed in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(fit, (1, 2))) == alone


def test_a_switch_is_put_back_after_an_error() -> None:
    before = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError), reproducible():
        seed_torch(1)
        assert torch.are_deterministic_algorithms_enabled()
        raise ZeroDivisionError
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.equal(torch.get_rng_state(), before)


def test_every_number_of_a_seed_counts() -> None:
    drawn = set()
    with reproducible():
        for numbers in ((0,), (0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 1)):
            seed_torch(*numbers)
            drawn.add(torch.rand(1).item())
    assert len(drawn) == 5


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_asked_for_and_absent_is_one_sentence() -> None:
    assert chosen_device("auto") == chosen_device("cpu") == torch.device("cpu")
    with pytest.raises(ConfigurationError, match="finds no CUDA device"):
        make_forecaster("dense", SMALL).fit(make_dataset(200), None, FitContext(1, 1, device="cuda"))


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="must be 'auto', 'cpu' or 'cuda'"):
        chosen_device("tpu")


def test_pytorch_is_not_imported_before_a_network_is_asked_for() -> None:
    script = (
        "import sys, trimtab.models.families as f, trimtab.models.configured; assert 'torch' not in sys.modules;"
        "f.find_family('dense'); assert 'torch' not in sys.modules;"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
