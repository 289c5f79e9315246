"""The whole sample, from bars to decision and report, as `trimtab run` does it on an empty lake.

Nothing is compared with a peer: the bounds are our own, two minutes for all of it and half a minute for a
walk-forward report. Wall seconds of two threads, because that is what a person waits for.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict

from benchmarks.measuring import Section

COMMAND = (sys.executable, "-c", "from trimtab.cli import main; main()", "run")
LINE = re.compile(r"^\s+(\w+)\s+(\S+)\s+([\d.]+) s$")
NOTE = """Wall seconds on an empty lake, all strategies of `strategies/`; series are ten, strategies two. The bound is ours: two
minutes for everything, thirty seconds for the walk-forward reports of a strategy (which train every fold with three seeds)."""


def measure() -> list[Section]:
    """Seconds by stage."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"TRIMTAB_DATA_DIR": folder, "TRIMTAB_TRACKING": "lake"}
        environment.pop("OMP_NUM_THREADS", None)  # a person runs it with the threads of the machine
        began = time.perf_counter()
        done = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=True)
        whole = time.perf_counter() - began
    seconds: dict[str, list[float]] = defaultdict(list)
    for line in done.stderr.splitlines():
        if found := LINE.match(line):
            seconds[found[1]].append(float(found[3]))
    rows = [(stage, str(len(each)), f"{sum(each):.1f}", f"{max(each):.1f}") for stage, each in seconds.items()]
    rows.append(("everything, with Dagster", "", f"{whole:.0f}", ""))
    return [Section("The sample, from bars to decision", ("stage", "keys", "seconds", "slowest key"), rows, NOTE)]
