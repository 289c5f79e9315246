"""A strategy file: what to forecast, from what, how it is proved and when it is renewed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from trimtab.config.reading import SectionError, explain, read_toml
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.market import Series, Timeframe

# What a strategy's name must look like, in words: said in place of the pattern.
_NAME = "2 to 63 lower-case letters, digits and hyphens, not a hyphen first, such as 'us-equity-direction'"
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(text: Any) -> timedelta:
    """Read a duration such as `90m`, `12h`, `3d` or `2w`.

    >>> parse_duration("3d")
    datetime.timedelta(days=3)
    """
    if isinstance(text, timedelta):
        return text
    match = re.fullmatch(r"(\d+)([mhdw])", str(text))
    if not match:
        raise ValueError("a duration is a whole number and a unit m, h, d or w, such as 12h or 3d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


def _size(given: Any) -> Any:
    """Read an extent of time: a share such as 0.6, a number of bars such as 500, or a duration such as `730d`."""
    if isinstance(given, str | timedelta):
        if (duration := parse_duration(given)) > timedelta(0):
            return duration
    elif type(given) is int and given > 1:
        return given
    elif type(given) in (int, float) and 0 < given <= 1:
        return float(given)
    raise ValueError(
        "it must be a share greater than 0 and at most 1, a whole number of bars from 2, or a duration such as '730d'"
    )


# How much time: a share of the distinct decision times, so many of them, or a duration.
Size = Annotated[float | int | timedelta, BeforeValidator(_size)]


def _three_shares(given: Any) -> Any:
    """Let through three numbers greater than 0 that sum to 1."""
    numbers = [value for value in given if type(value) in (int, float)] if isinstance(given, list | tuple) else []
    if len(numbers) != 3 or len(given) != 3 or min(numbers) <= 0 or abs(sum(numbers) - 1.0) > 1e-9:
        raise ValueError("it must be three shares greater than 0 that sum to 1, such as [0.6, 0.2, 0.2]")
    return given


ThreeShares = Annotated[tuple[Share, Share, Share], BeforeValidator(_three_shares)]


def _twice(names: Sequence[Any]) -> Any:
    """The first that stands in a list a second time."""
    return next(name for position, name in enumerate(names) if name in names[:position])


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Universe(_Section):
    """Which bars: a source, its instruments, one timeframe.

    The benchmark's bars and features are kept beside them; the backtest holds it over the same bars.

    Attributes
    ----------
    path: file, folder or glob, for the sources that read one.
    query: a table's name or a SELECT, for source "duckdb".
    exchange: which exchange, for source "ccxt", such as "binance".
    start: where history begins, for the sources that ask a network.
    calendar: when the market is open: "24/7", "weekdays" or an exchange's code such as "XNYS";
        absent, the source says it, and where it does not the bars themselves.
    resample_from: a shorter timeframe that the source has and `timeframe` is made from.
    """

    source: str = "sample"
    instruments: tuple[str, ...] = Field(min_length=1)
    benchmark: str | None = None
    timeframe: Timeframe = Timeframe.DAY
    path: Path | None = None
    query: str | None = None
    exchange: str | None = None
    start: date | None = None
    calendar: str | None = None
    resample_from: Timeframe | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Universe:
        if len(set(self.instruments)) != len(self.instruments):
            raise SectionError(
                f"instruments names {_twice(self.instruments)!r} twice; every instrument may be named once"
            )
        if self.resample_from is not None and self.resample_from.duration >= self.timeframe.duration:
            raise SectionError(
                f"resample_from is '{self.resample_from.value}'; it must be shorter than timeframe "
                f"('{self.timeframe.value}')"
            )
        return self

    @property
    def origin(self) -> tuple[object, ...]:
        """Everything that says where a series comes from; two strategies must agree on it."""
        return self.source, self.path, self.query, self.exchange, self.start, self.calendar, self.resample_from

    @property
    def series(self) -> tuple[Series, ...]:
        """The series of the instruments that are forecast, in the order of the file."""
        return tuple(Series(name, self.timeframe) for name in self.instruments)

    @property
    def all_series(self) -> tuple[Series, ...]:
        """The series above and the benchmark's."""
        extra = (self.benchmark,) if self.benchmark and self.benchmark not in self.instruments else ()
        return tuple(Series(name, self.timeframe) for name in (*self.instruments, *extra))


class Features(_Section):
    """Which feature sets, or single features by name."""

    sets: tuple[str, ...] = ("technical",)
    names: tuple[str, ...] = ()


class FactFile(_Section):
    """A file of facts about the instruments, and how to read it.

    Attributes
    ----------
    format: the layout, as in `trimtab facts ingest --format`.
    path: the file.
    delay: how long after its own time a fact counts as known; where the file does not say when a figure was, how
        long after the end of its period.
    channel: who speaks in a file of texts, "news" or "social"; absent, the format says it.
    shares: which share counts of a quarterly_table are read: as reported, for prices as traded with splits
        told beside them, or split_adjusted, for prices that are adjusted for splits themselves.
    """

    format: Literal["sec_companyfacts", "quarterly_table", "figures", "posts", "headlines", "scored_posts"]
    path: Path
    delay: Duration | None = None
    channel: Literal["news", "social"] | None = None
    shares: Literal["as_reported", "split_adjusted"] | None = None

    @model_validator(mode="after")
    def _fits_its_format(self) -> FactFile:
        if self.channel is not None and not self.is_text:
            raise SectionError(f"channel is for files of texts, not for {self.format}; leave it out")
        if self.shares is not None and self.format != "quarterly_table":
            raise SectionError(f"shares is for quarterly_table, not for {self.format}; leave it out")
        return self

    @property
    def is_text(self) -> bool:
        """Whether it holds texts rather than figures."""
        return self.format in {"posts", "headlines", "scored_posts"}


class Facts(_Section):
    """Where the facts about the instruments come from; without files the features of facts are unknown."""

    files: tuple[FactFile, ...] = ()


class Label(_Section):
    """What is forecast, and how many bars ahead; several horizons are several labels of one dataset.

    Attributes
    ----------
    horizons: bars ahead, each once; the first one is what gates and backtest judge. For a triple barrier,
        the time limit.
    neutral_band: for direction: returns within ± band are not samples.
    memory: for volatility_regime: bars whose median is the threshold.
    take_profit, stop_loss: for triple_barrier: the barriers, in units of the volatility expected over the horizon.
    volatility_window: for triple_barrier: bars whose root mean square return is the volatility of one bar.
    """

    kind: Literal["forward_return", "direction", "triple_barrier", "volatility_regime"]
    horizons: tuple[Annotated[int, Field(ge=1, le=10_000)], ...] = Field(default=(1,), min_length=1, max_length=16)
    neutral_band: float = Field(default=0.0, ge=0.0)
    memory: int = Field(default=252, ge=20)
    take_profit: float = Field(default=1.0, gt=0.0, le=100.0)
    stop_loss: float = Field(default=1.0, gt=0.0, le=100.0)
    volatility_window: int = Field(default=20, ge=5, le=10_000)

    @model_validator(mode="after")
    def _distinct(self) -> Label:
        if len(set(self.horizons)) != len(self.horizons):
            raise SectionError(f"horizons names {_twice(self.horizons)} twice; every horizon may be named once")
        return self


class DatasetRules(_Section):
    """Which bars become samples, and how much each counts.

    Attributes
    ----------
    min_completeness: share of the features that always have a value after their look-back which must have one.
    max_staleness: a bar that became known later than this after its close is no sample, and neither is one
        that follows a gap longer than this; absent, both are.
    uniqueness: whether labels that overlap count for less (average uniqueness).
    recency_half_life: after how much time a sample counts half; absent, age does not matter.
    superseded_weight: what a sample still counts, beside the others, when a bar it read was restated later
        (its features are as they were known then; the label of such a row deserves less trust). A training counts
        the restatements that were known when the last label it learns from was.
    """

    min_completeness: Share = 0.95
    max_staleness: Duration | None = None
    uniqueness: bool = True
    recency_half_life: Duration | None = None
    superseded_weight: Share = 1.0


class Model(_Section):
    """Which family, with fixed parameters; tuning varies the others.

    Attributes
    ----------
    members: for an ensemble: family -> weight.
    combination: how an ensemble makes one forecast of its members': their weighted mean, a vote of their
        classes, stacking (a linear model trained on purged out-of-fold forecasts), or a mean weighted by
        recent performance on purged out-of-fold forecasts, shrunk towards the weights given.
    scaling, imputation: put in front of the model, learnt from training rows only.
    selection: which features are kept, chosen on training rows only: the `n_selected` best by F statistic or
        mutual information, those that recursive elimination leaves, or the largest lasso weights.
    """

    algorithm: str = "lightgbm"
    parameters: dict[str, bool | int | float | str | tuple[int, ...]] = {}
    members: dict[str, Annotated[float, Field(gt=0.0)]] = {}
    combination: Literal["mean", "vote", "stacking", "recent"] = "mean"
    scaling: Literal["none", "standard", "min_max", "robust"] = "none"
    imputation: Literal["none", "zero", "mean", "median"] = "none"
    selection: Literal["none", "k_best_f", "k_best_mutual_information", "recursive", "lasso"] = "none"
    n_selected: int = Field(default=30, ge=1, le=10_000)


class Confidence(_Section):
    """What a model says about its own certainty; learnt on purged parts of the training rows.

    Attributes
    ----------
    calibration: how probabilities are corrected: sigmoid (Platt) or isotonic.
    coverage: the share of outcomes that prediction intervals must hold, such as 0.9; absent, there are none.
    novelty: whether inputs are compared with the training rows, to abstain far from them.
    n_parts: purged parts of the training rows that are forecast by models trained on the others.
    """

    calibration: Literal["none", "sigmoid", "isotonic"] = "none"
    coverage: Annotated[float, Field(ge=0.5, le=0.99)] | None = None
    novelty: bool = False
    n_parts: int = Field(default=5, ge=2, le=20)

    @property
    def asks_nothing(self) -> bool:
        """Whether the model is left as it is."""
        return self.calibration == "none" and self.coverage is None and not self.novelty


class Tuning(_Section):
    """How parameters are searched; 0 trials means the family's defaults are used.

    Attributes
    ----------
    objectives: what is optimised; with several, the first leads and the others decide among equals.
    pruning: whether a trial stops once its first folds are worse than the median of those before it.
    narrowing: whether the space shrinks to where the best trials of earlier studies of this strategy were.
    n_workers: processes that run trials of one study at once; with more than one, which trial sees which
        results depends on timing, so the trials of two runs may differ.
    """

    sampler: Literal["grid", "random", "tpe", "gp"] = "tpe"
    n_trials: int = Field(default=20, ge=0, le=10_000)
    n_folds: int = Field(default=3, ge=2, le=20)
    objectives: tuple[
        Literal[
            "information_coefficient", "accuracy", "f1", "log_loss", "directional_accuracy", "sharpe_ratio", "complexity",
        ], ...
    ] = Field(default=("information_coefficient",), min_length=1)  # fmt: skip
    pruning: bool = False
    narrowing: bool = False
    n_workers: int = Field(default=1, ge=1, le=64)


class Validation(_Section):
    """Walk-forward windows: each size a share of the decision times, a number of them, or a duration.

    With window "hold_out" there is one cut, by `hold_out` (train, validation and test, such as 60/20/20 or
    70/15/15): a study trains on the first part and is judged on the second; then a model that has learnt from both
    is judged on the third.
    """

    window: Literal["expanding", "rolling", "hold_out"] = "expanding"
    hold_out: ThreeShares = (0.6, 0.2, 0.2)
    initial_train: Size = 0.6
    test: Size = 0.1
    step: Size = 0.1
    embargo: Duration = timedelta(0)
    n_seeds: int = Field(default=3, ge=1, le=50)  # trainings whose spread is shown beside each measure

    @model_validator(mode="after")
    def _fits(self) -> Validation:
        shares = [size for size in (self.initial_train, self.test) if isinstance(size, float)]
        if len(shares) == 2 and sum(shares) > 1.0 + 1e-9:
            raise SectionError(
                f"initial_train is {self.initial_train} and test {self.test}; "
                "initial_train + test must not exceed 1, or no fold fits"
            )
        return self


class Backtest(_Section):
    """How forecasts become positions, when orders fill, and what trading costs.

    Attributes
    ----------
    rule: by label kind when absent.
    threshold: the probability that decides.
    max_exposure: share of the equity that may be held, divided evenly among the instruments; the rest stays cash.
        It scales return and drawdown alike and leaves the Sharpe ratio as it is. Above 1 is leverage, which
        `max_leverage` must allow.
    max_leverage: the largest sum of absolute weights that a backtest accepts.
    fill, delay_bars: an order decided at the close of a bar fills at the next open, `delay_bars` bars later.
    commission_bps, commission_per_share, commission_per_trade: paid per fill: of the value, per unit, at once.
    slippage_bps: fixed, of the price, per side.
    max_volume_share: an order may be at most this share of the bar's volume; the rest waits for the next bars.
    impact: coefficient of the square-root law: an order of Q units moves the price by impact x daily volatility x
        sqrt(Q / daily volume).
    borrow_bps_per_year: paid on the value of short positions.
    """

    rule: Literal["long_short", "long_flat", "avoid_high_volatility"] | None = None
    threshold: Share = 0.5
    max_exposure: float = Field(default=1.0, gt=0.0, le=10.0)
    max_leverage: float = Field(default=1.0, gt=0.0, le=10.0)
    fill: Literal["next_open", "close", "next_close"] = "next_open"
    delay_bars: int = Field(default=0, ge=0, le=1_000)
    commission_bps: float = Field(default=5.0, ge=0.0, lt=10_000.0)
    commission_per_share: float = Field(default=0.0, ge=0.0)
    commission_per_trade: float = Field(default=0.0, ge=0.0)
    slippage_bps: float = Field(default=5.0, ge=0.0, lt=10_000.0)
    max_volume_share: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    impact: float = Field(default=0.0, ge=0.0, le=100.0)
    borrow_bps_per_year: float = Field(default=0.0, ge=0.0)

    @model_validator(mode="after")
    def _within_leverage(self) -> Backtest:
        if self.max_exposure > self.max_leverage:
            raise SectionError(
                f"max_exposure is {self.max_exposure} and max_leverage {self.max_leverage}; lower max_exposure, or "
                "raise max_leverage if that much may be borrowed"
            )
        return self


class Gates(_Section):
    """Limits a candidate must keep. Absent keys take these documented defaults."""

    min_accuracy: Share = 0.65
    min_precision: Share = 0.60
    min_recall: Share = 0.60
    min_consistency: Share = 0.75
    max_drawdown: Share = 0.20
    max_baseline_p_value: Share = (
        0.05  # the larger of a block bootstrap and Diebold-Mariano, against the strongest baseline
    )
    max_overfitting_gap: Share = 0.15  # training accuracy minus walk-forward accuracy
    min_deflated_sharpe_ratio: Share = 0.95  # probability that the Sharpe ratio is above what luck of all trials gives
    min_worst_regime_accuracy: Share = 0.50  # in the regime of volatility or trend where it is lowest
    max_drift_share: Share = 0.30  # share of features drifted in the latest snapshot
    max_artifact_mb: float = Field(default=100.0, gt=0.0)
    max_load_seconds: float = Field(default=5.0, gt=0.0)


class Retraining(_Section):
    """When a model is renewed without being asked.

    `on_degradation` waits for realised performance, which is not recorded yet.

    Attributes
    ----------
    schedule: every so often, whatever happens.
    on_drift: when the newest rows look unlike those the model was trained on; limits in `[drift]`.
    on_degradation: when realised performance falls below what validation promised.
    on_restated_data: when bars the latest version learnt from have been restated since.
    min_restated_share: share of its samples that must have read a restated bar, for that to ask.
    on_new_bars: when an instrument has so many bars newer than the latest version's data; 0 is never.
    cooldown: quiet time after a retrain.
    """

    schedule: Literal["none", "daily", "weekly", "monthly"] = "weekly"
    on_drift: bool = True
    on_degradation: bool = True
    on_restated_data: bool = True
    min_restated_share: Share = 0.01
    on_new_bars: int = Field(default=0, ge=0, le=1_000_000)
    cooldown: Duration = timedelta(days=3)


class Drift(_Section):
    """How recent rows are compared with the rows a model was trained on."""

    current: Annotated[int, Field(ge=20)] = 250  # most recent bars of each instrument
    max_psi: float = Field(default=0.25, gt=0.0)
    false_discovery_rate: Share = 0.05
    min_drifted_share: Share = 0.30  # of the features, for the snapshot to ask for a retrain
    # Retraining on rows the model has already learnt from changes nothing, so a drifted window
    # asks for it only when at least this share of its rows is newer than the training data.
    min_unseen_share: Share = 0.50


class Deployment(_Section):
    """How an approved model takes over; read by deployment, which is not built yet."""

    mode: Literal["champion", "canary", "shadow", "blue_green"] = "champion"


class Strategy(_Section):
    """One strategy file, validated and frozen."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$", description=_NAME)
    description: str = ""
    author: str = "unknown"
    universe: Universe
    features: Features = Features()
    facts: Facts = Facts()
    label: Label
    dataset: DatasetRules = DatasetRules()
    model: Model = Model()
    confidence: Confidence = Confidence()
    tuning: Tuning = Tuning()
    validation: Validation = Validation()
    backtest: Backtest = Backtest()
    gates: Gates = Gates()
    retraining: Retraining = Retraining()
    drift: Drift = Drift()
    deployment: Deployment = Deployment()


def load_strategy(path: Path) -> Strategy:
    """Read one strategy file; a mistake raises `ConfigurationError` naming file, key and value."""
    values = read_toml(path, "strategy file")
    try:
        return Strategy(**values)
    except ValidationError as error:
        raise explain(error, str(path), Strategy, values) from None
    except ConfigurationError as error:  # a name the market layer refuses, such as a timeframe
        raise ConfigurationError(f"{path}: {error}") from None


def load_strategies(folder: Path) -> dict[str, Strategy]:
    """Read every `*.toml` of a folder, by strategy name."""
    if not folder.is_dir():
        raise ConfigurationError(f"strategies folder {folder} does not exist; make it or set TRIMTAB_STRATEGIES_DIR")
    strategies: dict[str, Strategy] = {}
    for path in sorted(folder.glob("*.toml")):
        strategy = load_strategy(path)
        if strategy.name in strategies:
            raise ConfigurationError(
                f"{path}: 'name' is '{strategy.name}', which another file in {folder} already uses"
            )
        strategies[strategy.name] = strategy
    return strategies


def find_strategy(folder: Path, name: str) -> Strategy:
    """The strategy of a name, or `UnknownNameError` listing the names there are."""
    strategies = load_strategies(folder)
    if name not in strategies:
        raise UnknownNameError("strategy", name, strategies, where=f"{folder}: ")
    return strategies[name]
