"""How many clean bars are flagged: by file and check, by year, by half of the instruments, by limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trimtab.bars.checks import CheckLimits, Verdict, judge
from trimtab.bars.files import read_bar_file
from trimtab.bars.schema import Bars
from trimtab.bars.sources.sample import PackagedSample
from trimtab.market.calendar import SessionCalendar, calendar_for

CLEAN_FILES = ("crypto_1m", "crypto_5m", "crypto_1h", "crypto_1d", "equities_daily", "equities_daily_stocknet")
DEFAULTS = CheckLimits()
ALLOWED = 0.001  # of the bars of a clean file may be flagged


@dataclass(frozen=True)
class CleanSeries:
    """One real series that is taken to be clean.

    Attributes
    ----------
    file: where it is from.
    bars: all of them.
    calendar: what gaps are held against, found once.
    """

    file: str
    bars: Bars
    calendar: SessionCalendar

    def judged(self, limits: CheckLimits = DEFAULTS) -> Verdict:
        """The verdict on it."""
        return judge(self.bars, limits=limits, calendar=self.calendar)


@dataclass(frozen=True)
class Rate:
    """How many bars of something clean were objected to.

    Attributes
    ----------
    name: of the file, the year, the half.
    bars: how many were judged.
    quarantined, flagged: how many were refused, and accepted with a warning.
    findings: how many by check, gaps included.
    """

    name: str
    bars: int
    quarantined: int
    flagged: int
    findings: Counter[str]

    @property
    def share(self) -> float:
        """Share of the bars that were flagged or refused."""
        return (self.quarantined + self.flagged) / max(self.bars, 1)


def clean_series(folder: Path) -> list[CleanSeries]:
    """Every series of the clean files."""
    found = []
    for name in CLEAN_FILES:
        for series, bars in read_bar_file(folder / f"{name}.parquet").bars.items():
            found.append(CleanSeries(name, bars, calendar_for(series, bars.event_time)))
    return found


def packaged_sample() -> list[CleanSeries]:
    """The series of the sample that comes with the package; no limit was set by them."""
    sample = PackagedSample()
    fetched = [sample.fetch(series) for series in sample.instruments()]
    return [CleanSeries("packaged sample", bars, calendar_for(bars.series, bars.event_time)) for bars in fetched]


def rate_of(name: str, verdicts: Iterable[Verdict]) -> Rate:
    """All verdicts together."""
    found = list(verdicts)
    return Rate(
        name,
        sum(len(verdict.accepted) for verdict in found),
        sum(int((~verdict.accepted).sum()) for verdict in found),
        sum(int(verdict.flagged.sum()) for verdict in found),
        Counter(finding.check for verdict in found for finding in verdict.findings),
    )


def rates_by_file(clean: list[CleanSeries], verdicts: list[Verdict]) -> list[Rate]:
    """One rate per file, in the order of the files."""
    names = list(dict.fromkeys(one.file for one in clean))
    return [rate_of(n, [v for one, v in zip(clean, verdicts, strict=True) if one.file == n]) for n in names]


def rates_by_year(clean: list[CleanSeries], verdicts: list[Verdict]) -> Iterator[Rate]:
    """The flagged bars of the daily files by year: a threshold that suits one year may not suit another."""
    bars: Counter[int] = Counter()
    flagged: Counter[int] = Counter()
    for one, verdict in zip(clean, verdicts, strict=True):
        if one.file in ("equities_daily", "crypto_1d"):
            years = one.bars.event_time.astype("datetime64[Y]").astype(int) + 1970
            bars.update(years.tolist())
            flagged.update(years[verdict.flagged].tolist())
    for year in sorted(bars):
        yield Rate(str(year), bars[year], 0, flagged[year], Counter())


# Per limit: the check it belongs to, and values from strict to lenient beside the default.
LIMITS: dict[str, tuple[str, tuple[float, ...]]] = {
    "price_noise": ("inconsistent_ohlc", (1e-8, 1e-4)),
    "stale_bars": ("stale_run", (3, 10)),
    "window": ("spike", (15, 60)),
    "spike_sigmas": ("spike", (4.0, 6.0, 12.0, 16.0)),
    "spike_return": ("spike", (0.02, 0.1)),
    "spike_reversal": ("spike", (0.1, 0.5)),
    "wick_sigmas": ("wick", (6.0, 8.0, 20.0)),
    "wick_return": ("wick", (0.1, 0.4)),
    "split_sigmas": ("unadjusted_split", (4.0, 6.0, 12.0)),
    "split_volume_sigmas": ("unadjusted_split", (4.0, 8.0)),
    "split_tolerance": ("unadjusted_split", (0.03, 0.12)),
    "stretch_bars": ("unadjusted_split", (10, 250)),
    "jump_sigmas": ("unexplained_jump", (4.0, 6.0, 12.0, 16.0)),
    "jump_return": ("unexplained_jump", (0.2, 0.5)),
    "unit_tolerance": ("unit_error", (0.1, 0.7)),
    "unit_bars": ("unit_error", (10, 250)),
    "usual_zero_volume": ("zero_volume", (0.001, 0.05)),
    "thin_volume": ("zero_volume", (1e-9, 0.05)),
    "adjustment_sigmas": ("adjustment_break", (3.0, 4.0, 10.0)),
    "adjustment_step": ("adjustment_break", (0.02, 0.2)),
}
SIGMA_LIMITS = ("spike_sigmas", "wick_sigmas", "split_sigmas", "jump_sigmas", "adjustment_sigmas")


@dataclass(frozen=True)
class Sweep:
    """What one limit does to clean bars.

    Attributes
    ----------
    limit: its name.
    check: the check it belongs to.
    values: tried, in order; the default is one of them.
    findings: of that check, one row per value and one column per clean series.
    """

    limit: str
    check: str
    values: tuple[float, ...]
    findings: np.ndarray


def sweep(limit: str, clean: list[CleanSeries], verdicts: list[Verdict]) -> Sweep:
    """Judge the clean series with other values of one limit; `verdicts` are those of the defaults."""
    check, others = LIMITS[limit]
    default = getattr(DEFAULTS, limit)
    values = tuple(sorted({*others, default}))
    rows = []
    for value in values:
        limits = CheckLimits(**{limit: value})
        found = verdicts if value == default else [one.judged(limits) for one in clean]
        rows.append([len(verdict.of(check)) for verdict in found])
    return Sweep(limit, check, values, np.array(rows))


def chosen_on(swept: Sweep, half: np.ndarray, bars: np.ndarray, allowed: float) -> float:
    """The smallest value at which a check flags at most `allowed` of the bars of one half of the instruments."""
    for value, findings in zip(swept.values, swept.findings, strict=True):
        if findings[half].sum() <= allowed * bars[half].sum():
            return value
    return swept.values[-1]
