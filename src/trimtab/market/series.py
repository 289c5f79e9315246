"""The key of a series of bars: one instrument at one timeframe."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trimtab.errors import ConfigurationError
from trimtab.market.timeframe import Timeframe

# Dagster cannot carry a comma, a bar, a slash or "..." in a partition key, and the key is also a
# folder name in the lake, so what a series may be called is decided once, here.
_ALLOWED = re.compile(r"[A-Za-z0-9^=&+-][A-Za-z0-9^=&+.-]*(_[A-Za-z0-9^=&+.-]+)*")


@dataclass(frozen=True, order=True)
class Series:
    """One instrument at one timeframe.

    >>> Series("AAPL", Timeframe.DAY).key
    'AAPL__1d'
    >>> Series.parse("AAPL__1d").timeframe
    <Timeframe.DAY: '1d'>
    """

    instrument_id: str
    timeframe: Timeframe

    def __post_init__(self) -> None:
        if not _ALLOWED.fullmatch(self.instrument_id) or "..." in self.instrument_id:
            raise ConfigurationError(
                f"instrument id '{self.instrument_id}' cannot name a series; allowed are letters, "
                "digits and ^ = & + - . with single underscores between (write BTC-USDT, not BTC/USDT)"
            )

    @property
    def key(self) -> str:
        """The key used for partitions and folders, `INSTRUMENT__TIMEFRAME`."""
        return f"{self.instrument_id}__{self.timeframe.value}"

    @classmethod
    def parse(cls, key: str) -> Series:
        """Read a key back."""
        instrument_id, separator, timeframe = key.rpartition("__")
        if not separator:
            raise ConfigurationError(f"'{key}' is not a series key; write INSTRUMENT__TIMEFRAME, such as AAPL__1d")
        return cls(instrument_id, Timeframe.parse(timeframe))

    def __str__(self) -> str:
        return self.key
