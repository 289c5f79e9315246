"""What a piece of work costs: seconds, memory, and the GPU where one is used.

Memory is sampled by a thread, because the operating system's own peak is that of the whole life of the
process and never falls again.
"""

from __future__ import annotations

import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SAMPLE_SECONDS = 0.05
_STATM = Path("/proc/self/statm")


@dataclass
class Resources:
    """What a piece of work used; filled when it ends.

    Attributes
    ----------
    wall_seconds: by a clock on the wall.
    cpu_seconds: of all threads of this process and of the processes it waited for. Work going on beside
        it in the same process is counted too.
    peak_rss_mb: the most memory the process held meanwhile, 1 MB = 1,000,000 bytes.
    added_rss_mb: by how much that is above what it held at the beginning.
    n_threads: how many threads the work was allowed.
    gpu_seconds: wall seconds with a CUDA context in this process; None without one.
    gpu_peak_mb: the most GPU memory PyTorch held; None without one.
    """

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_rss_mb: float = 0.0
    added_rss_mb: float = 0.0
    n_threads: int = 1
    gpu_seconds: float | None = None
    gpu_peak_mb: float | None = None

    def to_json(self) -> dict[str, float]:
        """The known quantities by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Meter:
    """Measures from its making until `stop`; reading twice gives the same answer."""

    def __init__(self, n_threads: int = 1) -> None:
        self._n_threads = n_threads
        self._cuda = _cuda()
        if self._cuda is not None:
            self._cuda.reset_peak_memory_stats()
        self._wall, self._cpu, self._first = time.perf_counter(), _cpu_seconds(), _rss_bytes()
        self._peak, self._over, self._found = self._first, threading.Event(), None
        self._sampler = threading.Thread(target=self._sample, name="trimtab-resources", daemon=True)
        self._sampler.start()

    _found: Resources | None

    def stop(self) -> Resources:
        """What was used since the beginning."""
        if self._found is None:
            self._over.set()
            self._sampler.join()
            self._peak = max(self._peak, _rss_bytes())
            wall, cuda = time.perf_counter() - self._wall, _cuda()
            self._found = Resources(
                wall_seconds=wall,
                cpu_seconds=_cpu_seconds() - self._cpu,
                peak_rss_mb=self._peak / 1e6,
                added_rss_mb=(self._peak - self._first) / 1e6,
                n_threads=self._n_threads,
                gpu_seconds=None if cuda is None else wall,
                gpu_peak_mb=None if cuda is None else cuda.max_memory_allocated() / 1e6,
            )
        return self._found

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self._peak = max(self._peak, _rss_bytes())


@contextmanager
def measured(n_threads: int = 1) -> Iterator[Resources]:
    """Measure what happens inside; the numbers are there when it has ended.

    >>> with measured() as used:
    ...     _ = sum(range(1000))
    >>> used.wall_seconds > 0 and used.peak_rss_mb > 1
    True
    """
    meter, used = Meter(n_threads), Resources(n_threads=n_threads)
    try:
        yield used
    finally:
        used.__dict__.update(meter.stop().__dict__)


def _cpu_seconds() -> float:
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in found)


def _rss_bytes() -> int:
    try:
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    except OSError:  # no Linux: the peak of the whole life is what there is, in bytes on macOS
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _cuda() -> Any:
    """PyTorch's CUDA module when this process uses it already; asking for it here would cost a second."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None
    return torch.cuda
