from __future__ import annotations

import subprocess
import sys
import time

import numpy as np

from trimtab.tracking.resources import measured


def test_waiting_takes_wall_time_and_no_processor() -> None:
    with measured(n_threads=3) as used:
        time.sleep(0.2)
    assert used.wall_seconds >= 0.2
    assert used.cpu_seconds < used.wall_seconds
    assert used.n_threads == 3


def test_memory_that_was_held_and_given_back_is_in_the_peak() -> None:
    with measured() as used:
        held = np.ones(25_000_000)  # 200 MB
        time.sleep(0.15)
        assert held[0] == 1.0
        del held
    assert 195 < used.added_rss_mb < 400
    assert used.peak_rss_mb > used.added_rss_mb
    with measured() as later:
        time.sleep(0.06)
    assert later.added_rss_mb < 100  # the peak before does not count again


def test_processes_that_were_waited_for_count() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    with measured() as used:
        subprocess.run([sys.executable, "-c", burn], check=True)
    assert used.cpu_seconds >= 0.3


def test_without_a_gpu_nothing_is_said_of_one() -> None:
    with measured() as used:
        pass
    assert not [name for name in used.to_json() if name.startswith("gpu")] or "torch" in sys.modules
