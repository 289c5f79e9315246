"""`python -m benchmarks [name ...] [--write] [--profile]`: what is measured, beside what, in one run.

Every ratio compares two things measured in the same run on the same machine. Nothing here is a test:
what a machine does today must not decide whether a change is right.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from importlib import import_module
from pathlib import Path

# One thread each, set before the libraries start theirs: threads that wait would be counted as work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.measuring import Section

# Imported when they are measured: a process that a benchmark starts would import all of them again.
BENCHMARKS = ("ingest", "bar_store", "features", "drift", "backtest", "walk_forward", "single_row", "sample_run")
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main() -> None:
    """Measure what was named (everything by default), print it, and write the page if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} too; needs all of them")
    parser.add_argument("--profile", action="store_true", help="with features: the dearest ones instead of the tables")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark '{unknown[0]}'; choose from {', '.join(BENCHMARKS)}")
    if arguments.write and arguments.names:
        parser.error("--write needs every benchmark; leave out the names")
    if arguments.profile and arguments.names != ["features"]:
        parser.error("--profile is for one benchmark: python -m benchmarks features --profile")
    began = time.perf_counter()
    sections: list[Section] = []
    for name in arguments.names or BENCHMARKS:
        benchmark = import_module(f"benchmarks.{name}")
        for section in benchmark.profile() if arguments.profile else benchmark.measure():
            print(section.text(), flush=True)
            sections.append(section)
    print(f"measured in {time.perf_counter() - began:.0f} s on {_machine()}")
    if arguments.write:
        PAGE.write_text(_page(sections), encoding="utf-8")
        print(f"wrote {PAGE}")


def _page(sections: list[Section]) -> str:
    parts = "\n".join(section.markdown() for section in sections)
    return f"""# Benchmarks

What things cost, beside a plain copy of the same numbers and beside somebody else's code, all measured in one
run. Regenerate this page with `python -m benchmarks --write`; it takes some six minutes. Measured on {_machine()}:
read the ratios, the seconds are that machine's.

{parts}"""


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
