"""A market whose truth is known: the instrument of calibration for tests, detectors and demonstrations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from trimtab.bars.actions.schema import Actions
from trimtab.bars.schema import Bars
from trimtab.bars.simulation.defects import Defect, inject, plan_defects
from trimtab.bars.simulation.planted import DRIFT_DATE, RECIPES, PlantedTruth, planted_truth
from trimtab.bars.simulation.prices import (
    actions_of,
    hit_rate_of,
    jumps_of,
    regime_of,
    simulate,
    simulated_event_times,
    stream,
    volatility_of,
)
from trimtab.bars.sources.protocol import BarSource, UnknownSeriesError, refuse_empty, within
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import parse_calendar

START = datetime(2015, 1, 5, tzinfo=UTC)
END = datetime(2020, 12, 31, tzinfo=UTC)


class SimulatedMarket(BarSource):
    """A source of simulated bars, the same on every run for the same seed.

    Each instrument contains exactly one thing worth finding: SIMNULL nothing, SIMALPHA a predictable
    direction, SIMDECAY one that fades, SIMREGIME a visible volatility regime, SIMGARCH clustered
    volatility, SIMJUMP jumps, SIMDRIFT a change at a known date, SIMSPLIT splits and dividends, SIMBAD
    and SIMDIRTY bad bars. `planted` says it in numbers. A number after the name (SIMNULL2) makes an independent twin.

    A market grows: with a later `until`, or a larger `n_bars`, the earlier bars stay as they were.

    Parameters
    ----------
    seed: another seed is another market.
    instruments: what `instruments()` offers; any other known name can be fetched too. None means
        every one that exists in the timeframe.
    timeframe: the timeframe of `instruments()`; any other can be fetched too, but SIMSPLIT exists in
        days only: actions belong to the instrument, and the paths of two timeframes are independent.
    calendar: when the market is open, by name; absent, days are weekdays and every other timeframe
        trades without a pause.
    n_bars: deliver only this many bars, the first ones; None means all until `until`.
    until: deliver the bars that have closed by then (UTC, aware); history starts on 2015-01-05.
    drift_date: from when on SIMDRIFT is another market.
    defects: inject bad bars into every instrument, not into SIMBAD only.
    tells_actions: whether SIMSPLIT's splits and dividends are told; withheld, they are defects.

    >>> market = SimulatedMarket(seed=7, until=datetime(2015, 1, 13, tzinfo=UTC))
    >>> bars = market.fetch(Series("SIMNULL", Timeframe.DAY))
    >>> len(bars), str(bars.event_time[-1])
    (6, '2015-01-12T00:00:00.000000')
    """

    name = "simulated"
    is_live = True

    def __init__(
        self,
        seed: int = 7,
        *,
        instruments: tuple[str, ...] | None = None,
        timeframe: Timeframe = Timeframe.DAY,
        n_bars: int | None = None,
        until: datetime | None = None,
        drift_date: datetime = DRIFT_DATE,
        defects: bool = False,
        calendar: str | None = None,
        tells_actions: bool = True,
    ) -> None:
        if seed < 0:
            raise ConfigurationError(f"the seed of the simulated market must be 0 or more, not {seed}")
        for time in (until, drift_date):
            if time is not None and time.tzinfo is None:
                raise ConfigurationError(f"the time {time} carries no time zone; give it in UTC")
        self.seed = seed
        self._listed = _listed(instruments, timeframe)
        self._n_bars, self._until = n_bars, until or END
        self._drift_date, self._defects, self._tells_actions = drift_date, defects, tells_actions
        self._calendar = parse_calendar(calendar) if calendar else None

    def instruments(self) -> list[Series]:
        """What is offered, sorted; twins (SIMNULL2) and other timeframes can be fetched too."""
        return sorted(self._listed)

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        """Raw bars with `event_time` ≥ `since`; an unknown name or an empty answer raises, as `BarSource` says.

        So does, with `ConfigurationError`, an instrument with splits or dividends in another timeframe than days.
        """
        try:
            truth = self.planted(series)
        except UnknownNameError:
            raise UnknownSeriesError(self.name, series, self.instruments()) from None
        bars = self._clean(series)
        if truth.has_defects:
            bars = inject(bars, self._plan(series))
        return refuse_empty(self.name, series, within(bars, since, until), since, until)

    def actions(self, series: Series) -> Actions:
        """The planted splits and dividends, unless they are withheld; refused where `fetch` refuses."""
        _refuse_unless_daily(self.planted(series), series.timeframe)
        if not self._tells_actions:
            return Actions.empty(series.instrument_id)
        return actions_of(self.planted(series), self._clean(series))

    def calendar(self, series: Series) -> str | None:
        """The one it was opened with, else weekdays for days and around the clock for the others."""
        if self._calendar is not None:
            return self._calendar.name
        return "weekdays" if series.timeframe is Timeframe.DAY else "24/7"

    def volatilities(self, series: Series) -> np.ndarray:
        """The true standard deviation of the log return of each clean bar, without jumps."""
        return volatility_of(self.planted(series), series, self._event_times(series), self.seed)

    def hit_rates(self, series: Series) -> np.ndarray:
        """The true probability that each clean bar's return has the sign of the planted statistic."""
        return hit_rate_of(self.planted(series), self._event_times(series))

    def jumps(self, series: Series) -> np.ndarray:
        """The log price jump before the open of each clean bar; 0 where there is none."""
        return jumps_of(self.planted(series), series, len(self._event_times(series)), self.seed)

    def planted(self, series: Series) -> PlantedTruth:
        """What is true of an instrument, in numbers."""
        truth = planted_truth(series.instrument_id, self._drift_date)
        return replace(truth, has_defects=truth.has_defects or self._defects)

    def regimes(self, series: Series) -> np.ndarray:
        """The true regime of each clean bar: 0 calm, 1 turbulent; where `turbulence` is 1 they do not differ."""
        return regime_of(self.planted(series), series, len(self._event_times(series)), self.seed)

    def truth(self) -> list[dict[str, str]]:
        """Every injected defect of the offered instruments, in the words of the checks; times in ISO 8601 UTC."""
        return [
            {
                "instrument_id": series.instrument_id,
                "timeframe": series.timeframe.value,
                "check": defect.check,
                "event_time": f"{np.datetime_as_string(defect.event_time, unit='s')}Z",
                "detail": defect.detail,
            }
            for series in self.instruments()
            if self.planted(series).has_defects
            for defect in self._plan(series)
        ]

    def _event_times(self, series: Series) -> np.ndarray:
        return simulated_event_times(series.timeframe, START, self._until, self._calendar)[: self._n_bars]

    def _clean(self, series: Series) -> Bars:
        truth = self.planted(series)
        _refuse_unless_daily(truth, series.timeframe)
        return simulate(truth, series, self._event_times(series), self.seed, self._calendar)

    def _plan(self, series: Series) -> list[Defect]:
        kinds = self.planted(series).defects
        return plan_defects(self._event_times(series), stream(self.seed, series, "defects"), kinds)


def _listed(names: tuple[str, ...] | None, timeframe: Timeframe) -> list[Series]:
    if names is None:
        names = tuple(name for name, truth in RECIPES.items() if timeframe is Timeframe.DAY or not truth.has_actions)
    for name in names:
        _refuse_unless_daily(planted_truth(name), timeframe)
    return [Series(name, timeframe) for name in names]


def _refuse_unless_daily(truth: PlantedTruth, timeframe: Timeframe) -> None:
    if truth.has_actions and timeframe is not Timeframe.DAY:
        raise ConfigurationError(
            f"source 'simulated' has {truth.instrument_id} in 1d only, not in {timeframe}, because its splits and "
            "dividends are facts of one daily path; ingest 1d, and resample it for weeks"
        )
