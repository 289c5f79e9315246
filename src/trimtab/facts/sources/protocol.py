"""What a source of figures is: a function from a file to figures by instrument, and what such functions share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

import numpy as np

from trimtab.errors import ConfigurationError, SchemaError, SourceError, UnknownNameError
from trimtab.facts.schema import TIME, Figures
from trimtab.facts.sources.files import is_parquet, readable, require_file

if TYPE_CHECKING:
    import pandas as pd

FIGURE_READERS = {
    "sec_companyfacts": "trimtab.facts.sources.sec",
    "quarterly_table": "trimtab.facts.sources.quarterly",
    "figures": "trimtab.facts.sources.figures_file",
}
FIGURE_FORMATS = tuple(FIGURE_READERS)
TEXT_FORMATS = ("posts", "headlines", "scored_posts")
DAY = np.timedelta64(86_400_000_000, "us")
Missing = Literal["raise", "skip"]  # what becomes of an instrument that was asked for and is not in the file


@dataclass(frozen=True)
class ReadOptions:
    """What somebody asks of a reader: which instruments (none is all), a delay, which share counts, absent ones."""

    instruments: tuple[str, ...] = ()
    delay: timedelta | None = None
    shares: str = "as_reported"
    missing: Missing = "raise"


class FigureReader(Protocol):
    """Reads one file; the function of every module in `FIGURE_READERS` that is called `read`."""

    def __call__(self, path: Path, options: ReadOptions) -> dict[str, Figures]: ...


def reader_of(format: str) -> FigureReader:
    """The reader of a format; `UnknownNameError` where there is none."""
    if format not in FIGURE_READERS:
        raise UnknownNameError("format of figures", format, FIGURE_FORMATS)
    return cast(FigureReader, import_module(FIGURE_READERS[format]).read)


def read_table(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """A CSV or Parquet file as a data frame; `SourceError` where it is neither or cannot be read."""
    import pandas as pd

    require_file(path)
    with readable(path):
        if is_parquet(path):
            return pd.read_parquet(path, columns=None if columns is None else list(columns))
        if path.suffix.lower() in (".csv", ".gz", ".txt"):
            return pd.read_csv(path, low_memory=False)
    raise SourceError(f"{path} is neither CSV nor Parquet by its name; give a .csv or .parquet file")


def require_columns(frame: pd.DataFrame, names: Iterable[str], path: Path, given: Iterable[str] | None = None) -> None:
    """`SchemaError` where a column is missing, with those the file has: of the frame, where nothing else is given."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise SchemaError(
            f"{path} has no column '{missing[0]}'; it has {', '.join(map(str, frame.columns if given is None else given))}; "
            "rename one or add it"
        )


def chosen_instruments(
    found: Iterable[str], asked: Iterable[str] | None, path: Path | str, missing: Missing = "raise"
) -> list[str]:
    """The instruments to read, sorted: those asked for, all where that is None.

    One that the file does not have is left out where `missing` is "skip"; else it is an `UnknownNameError`.
    """
    here = set(found)
    if asked is None:
        return sorted(here)
    wanted = dict.fromkeys(asked)
    absent = [name for name in wanted if name not in here]
    if absent and missing == "raise":
        raise UnknownNameError("instrument", absent[0], here, where=f"{path}: ")
    return sorted(here & wanted.keys())


def over(period_end: np.ndarray) -> np.ndarray:
    """When periods are over: one that ends on a day, 00:00 UTC, at the end of that day; others at their moment."""
    is_day = period_end == period_end.astype("datetime64[D]")
    ends: np.ndarray = np.where(is_day, period_end + DAY, period_end)
    return ends


def the_one_instrument(asked: Sequence[str], path: Path) -> str:
    """The instrument of a file that names none."""
    if len(asked) != 1:
        raise ConfigurationError(f"{path} names no instrument; say whose figures these are with one --instrument")
    return asked[0]


def days(values: pd.Series, what: str, path: Path) -> np.ndarray:
    """Dates as `datetime64[us]` at 00:00 UTC, NaT where there is none; `SchemaError` for what is no date."""
    times, _ = moments(values, what, path)
    return times.astype("datetime64[D]").astype(TIME)


def _are_midnights(values: pd.Series) -> bool:
    """Whether all moments with a zone are midnight in it."""
    import pandas as pd

    times = pd.to_datetime(values, format=None if values.dtype.kind == "M" else "ISO8601").dropna()
    return bool((times == times.dt.normalize()).all())


def moments(values: pd.Series, what: str, path: Path) -> tuple[np.ndarray, bool]:
    """Times as `datetime64[us]` in UTC, NaT where there is none, and whether they carry a zone."""
    import pandas as pd

    try:
        times = pd.to_datetime(values, format=None if values.dtype.kind == "M" else "ISO8601")
        zone = times.dt.tz
    except (ValueError, TypeError, AttributeError) as error:
        raise SchemaError(
            f"{path}: column '{what}' holds something that is no time ({' '.join(str(error).split())[:80]}); "
            "write 2020-01-31, or 2020-01-31T14:30:00Z for a moment"
        ) from None
    utc = times if zone is None else times.dt.tz_convert("UTC").dt.tz_localize(None)
    return utc.to_numpy().astype(TIME), zone is not None


def known_moments(values: pd.Series, what: str, path: Path) -> np.ndarray:
    """When something was known: moments as they are; dates from 00:00 UTC of the day after, as the hour is not said.

    A column `filed` that holds nothing but midnights holds dates, in whichever zone they were written: a day later.
    Raises `SchemaError` for times of day without a zone.
    """
    times, is_zoned = moments(values, what, path)
    if is_zoned:
        return times + DAY if what == "filed" and _are_midnights(values) else times
    if bool((times != times.astype("datetime64[D]"))[~np.isnat(times)].any()):
        raise SchemaError(f"{path}: times in '{what}' carry no zone; write 2020-01-31T14:30:00Z")
    return times + DAY


def as_delay(delay: timedelta | None) -> np.timedelta64:
    """A delay for arithmetic on times; none is zero. A negative one is refused: nobody knows before."""
    if delay is not None and delay < timedelta(0):
        raise ConfigurationError(f"a delay of {delay} would make figures known before they were; give 0d or more")
    return np.timedelta64((delay or timedelta(0)) // timedelta(microseconds=1), "us")
