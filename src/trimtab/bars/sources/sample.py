"""The packaged sample: real daily bars that ship with two Python packages, read offline.

`bokeh-sampledata` holds AAPL, GOOG, IBM, MSFT (2000-2013, GOOG from 2004) and FB (2012-2013)
with raw prices and an adjusted close; `arch` holds the S&P 500 and the NASDAQ composite
(1999-2018). The files are read as data: neither package is imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from trimtab.bars.adjustment import factor_of
from trimtab.bars.schema import TIME, Bars
from trimtab.bars.sources.protocol import BarSource, UnknownSeriesError, refuse_empty, within
from trimtab.bars.times import first_known
from trimtab.errors import SourceError
from trimtab.market import Series, Timeframe

_STOCKS = ("bokeh_sampledata", "_data/stocks.csv.gz", "%Y-%m-%d")
_FILES = {
    **dict.fromkeys(("AAPL", "FB", "GOOG", "IBM", "MSFT"), _STOCKS),
    "NASDAQ": ("arch", "data/nasdaq/nasdaq.csv.gz", "%m/%d/%Y"),
    "SPX": ("arch", "data/sp500/sp500.csv.gz", "%m/%d/%Y"),
}


@dataclass(frozen=True)
class PackagedSample(BarSource):
    """Daily bars of seven US instruments; `event_time` is the session date at 00:00 UTC.

    >>> bars = PackagedSample().fetch(Series("AAPL", Timeframe.DAY))
    >>> len(bars), float(bars.close[0])
    (3270, 130.31)
    """

    publication_lag: timedelta = timedelta(0)
    name: str = "sample"

    def instruments(self) -> list[Series]:
        """The seven daily series."""
        return [Series(instrument, Timeframe.DAY) for instrument in sorted(_FILES)]

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        """Raw bars of one of the seven; see `BarSource.fetch`."""
        if series not in self.instruments():
            raise UnknownSeriesError(self.name, series, self.instruments())
        return refuse_empty(self.name, series, within(self._read(series), since, until), since, until)

    def calendar(self, series: Series) -> str | None:
        """New York."""
        return "XNYS"

    def _read(self, series: Series) -> Bars:
        import pyarrow.compute as pc
        import pyarrow.csv

        package, inside, date_format = _FILES[series.instrument_id]
        # Dates stay text until their format is known: the two packages write them differently.
        options = pyarrow.csv.ConvertOptions(column_types={"Date": "string"})
        table = pyarrow.csv.read_csv(_package_file(package, inside), convert_options=options)
        if "Ticker" in table.column_names:
            table = table.filter(pc.equal(table["Ticker"], series.instrument_id))
        number = {name: table[name].to_numpy().astype(np.float64) for name in table.column_names[-6:]}
        times = pc.strptime(table["Date"], format=date_format, unit="us").to_numpy().astype(TIME)
        return Bars.build(
            series,
            times,
            number["Open"],
            number["High"],
            number["Low"],
            number["Close"],
            number["Volume"],
            factor=factor_of(number["Adj Close"], number["Close"]),
            known_time=first_known(series, times, self.publication_lag),
        )


def _package_file(package: str, inside: str) -> Path:
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0], inside) if folders else None
    if path is None or not path.is_file():
        raise SourceError(
            f"source 'sample' needs {inside} of the package '{package}', which is not installed; run pip install {package}"
        )
    return path
