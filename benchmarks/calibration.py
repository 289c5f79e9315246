"""How often a verdict is wrong: `python -m benchmarks.calibration` (`make calibration`) writes docs/calibration.md.

Every test, correction and interval that a gate or a report relies on is tried where the truth is known, with the
code that runs in production. The parts run side by side in processes of their own; seeded, so that the page is
the same on every machine; minutes.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # inherited by the processes: they are what runs side by side

PAGE = Path(__file__).resolve().parents[1] / "docs" / "calibration.md"
# In the order of the page; the longest could come first, but the page decides.
PARTS = (
    "calibration_tests",
    "calibration_honesty",
    "calibration_intervals",
    "calibration_drift",
    "calibration_canaries",
)
HEAD = """# Calibration

How often a verdict is wrong, measured with the code that gives it, on series whose truth is known. Regenerate this page
with `make calibration`; it is seeded and takes some minutes on two cores.

- [Significance](#significance): tests and intervals when there is nothing to find.
- [Overfitting](#overfitting): the deflated Sharpe ratio and the probability of backtest overfitting on noise.
- [Prediction intervals](#prediction-intervals): how often they hold the outcome.
- [Drift](#drift): false alarms and power.
- [Canaries](#canaries): false alarms and power of the certificate of a model.
"""


def measured(part: str) -> str:
    """One part of the page as Markdown."""
    began = time.perf_counter()
    text = "\n\n".join(section.strip() for section in import_module(f"benchmarks.{part}").sections())
    print(f"{part}: {time.perf_counter() - began:.0f} s", flush=True)
    return text


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument(
        "--part", action="append", choices=PARTS, help="measure only this and print it; may be repeated"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    with ProcessPoolExecutor(arguments.processes) as pool:
        texts = list(pool.map(measured, arguments.part or PARTS))
    if arguments.part:
        print("\n\n".join(texts))
        return
    arguments.out.write_text("\n\n".join([HEAD.strip(), *texts]) + "\n", encoding="utf-8")
    print(f"wrote {arguments.out}")


if __name__ == "__main__":
    main()
