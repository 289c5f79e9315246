"""What the commands share: their options, the bars they read, and the network's answer about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trimtab.cli.features.compute import progress

if TYPE_CHECKING:
    import numpy as np

    from trimtab.bars import Bars
    from trimtab.models.candlestick_network.network import CandlestickNetwork
    from trimtab.models.candlestick_network.windows import Windows

SAMPLE = ("AAPL", "GOOG", "IBM", "MSFT")  # of the packaged sample, which is read where no file is named
N_PATTERNS = 15
BARS = typer.Option(None, "--bars", help="Bar file (CSV or Parquet), or a folder of them; absent, the packaged sample.")
TIMEFRAME = typer.Option(None, help="Length of a bar (1m ... 1w), where the file does not say.")
FOLDER = typer.Argument(help="Folder of `trimtab models patterns train`.")
JSON = typer.Option(False, "--json", help="One JSON document.")


@contextmanager
def needs_networks() -> Iterator[None]:
    """Around imports: without PyTorch or scikit-learn, say how to get them."""
    from trimtab.errors import extra

    with extra("networks"):
        yield


def windows_of_bars(path: Path | None, timeframe: str | None) -> Windows:
    """Every window of the bars of a file or folder, or of the packaged sample."""
    from trimtab.models.candlestick_network.windows import windows_of

    return windows_of(_accepted(path, timeframe))


def _accepted(path: Path | None, timeframe: str | None) -> Iterator[Bars]:
    """The bars the checks accept, of a file or of the packaged sample."""
    from trimtab.bars.sources.files import BarFiles
    from trimtab.bars.sources.sample import PackagedSample
    from trimtab.features.export import accepted_in_order
    from trimtab.market import Series, Timeframe

    if path is None:
        for name in SAMPLE:
            yield accepted_in_order(PackagedSample().fetch(Series(name, Timeframe.DAY)))
        return
    source = BarFiles(path, timeframe=None if timeframe is None else Timeframe.parse(timeframe))
    for series in source.instruments():
        yield accepted_in_order(source.fetch(series))


def told(network: CandlestickNetwork, windows: Windows) -> np.ndarray:
    """What the network says of windows, shape (n, 15), with a progress bar on standard error."""
    from trimtab.models.candlestick_network.network import CHUNK

    with progress("windows", -(-len(windows) // CHUNK)) as advance:
        return network.probabilities_of(windows, advance)
