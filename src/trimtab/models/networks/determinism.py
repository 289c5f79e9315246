"""The same seed gives the same bytes: PyTorch's global switches, set for a while and put back.

PyTorch keeps its random generator and its choice of algorithms for the whole process, so only one
training runs at a time in it; a second thread waits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

import numpy as np
import torch

from trimtab.errors import ConfigurationError

_ONE_AT_A_TIME = RLock()


def chosen_device(asked: str) -> torch.device:
    """The device to train on: "auto" is CUDA where there is one; `ConfigurationError` for CUDA that is absent."""
    if asked not in ("auto", "cpu", "cuda"):
        raise ConfigurationError(f"the device is '{asked}'; it must be 'auto', 'cpu' or 'cuda'")
    if asked == "cuda" and not torch.cuda.is_available():
        raise ConfigurationError(
            "the device 'cuda' was asked for, but PyTorch finds no CUDA device here; "
            "say 'auto' or 'cpu', or install PyTorch's CUDA build on a machine with a GPU"
        )
    return torch.device("cuda" if asked != "cpu" and torch.cuda.is_available() else "cpu")


@contextmanager
def reproducible(device: torch.device | None = None) -> Iterator[None]:
    """Deterministic algorithms, one CPU thread and a random state of its own inside; all as before afterwards."""
    on_cuda = device is not None and device.type == "cuda"
    if on_cuda:  # cuBLAS reads it when it starts; without it PyTorch refuses to multiply matrices reproducibly
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    cuda_devices = range(torch.cuda.device_count()) if on_cuda or torch.cuda.is_initialized() else []
    with _ONE_AT_A_TIME, one_thread(), torch.random.fork_rng(cuda_devices), _deterministic_algorithms():
        yield


@contextmanager
def _deterministic_algorithms() -> Iterator[None]:
    algorithms = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    try:
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False
        yield
    finally:
        torch.use_deterministic_algorithms(algorithms, warn_only=warn_only)
        torch.backends.cudnn.benchmark = benchmark


@contextmanager
def one_thread() -> Iterator[None]:
    """One CPU thread inside: sums in one order; the number is this thread's own, others keep theirs."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def seed_torch(*numbers: int) -> None:
    """Seed PyTorch's generators from whole numbers, such as (seed, epoch, step); use inside `reproducible`."""
    seed = int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
    # Not `torch.manual_seed`: without CUDA it formats a stack trace every time, a tenth of a small training.
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)
