"""Sources of raw bars, all behind the one protocol of `protocol.py`.

Add a source as one module here and one line in `open_source`; the contract tests find it by
its name. A source only delivers: judging and storing belong to `trimtab.bars.ingest`.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from trimtab.errors import ConfigurationError, UnknownNameError

if TYPE_CHECKING:
    from trimtab.bars.sources.protocol import BarSource
    from trimtab.clock import Clock

SOURCES = ("sample", "files", "simulated")


def open_source(
    name: str,
    *,
    path: Path | None = None,
    seed: int = 7,
    publication_lag: timedelta = timedelta(0),
    clock: Clock | None = None,
) -> BarSource:
    """Open a source by name; an unknown name raises `UnknownNameError` listing `SOURCES`.

    Parameters
    ----------
    path: the file or folder, for "files".
    seed: the seed of the market, for "simulated".
    publication_lag: time from a bar's close until a source shows it, for "sample" and "files".
    clock: how far the market has come, for "simulated"; without it, to its own default end.
    """
    if name == "sample":
        from trimtab.bars.sources.sample import PackagedSample

        return PackagedSample(publication_lag)
    if name == "files":
        from trimtab.bars.sources.files import BarFiles

        if path is None:
            raise ConfigurationError("source 'files' needs a path: give the bar file or the folder that holds them")
        return BarFiles(path, publication_lag)
    if name == "simulated":
        from trimtab.bars.sources.simulated import SimulatedMarket

        return SimulatedMarket(seed) if clock is None else SimulatedMarket(seed, until=clock.now())
    raise UnknownNameError("source", name, SOURCES)
