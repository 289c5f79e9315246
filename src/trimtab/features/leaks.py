"""The leak certificate: changing or removing the future must not change one bit of the past."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from trimtab import __version__
from trimtab.bars import Bars
from trimtab.bars.schema import PRICES
from trimtab.errors import NotEnoughDataError
from trimtab.features.catalogue import resolve, versions
from trimtab.features.engine import compute
from trimtab.storage.hashing import fingerprint_json

FUTURES = ("removed", "replaced with other prices", "replaced with NaN")
Outcome = Literal["passed", "leaks", "unchecked"]
Compute = Callable[[Bars], np.ndarray]


@dataclass(frozen=True)
class LeakFinding:
    """What was found for one feature.

    Attributes
    ----------
    name: the feature.
    outcome: "passed"; "leaks"; or "unchecked" when no cut had a value in its past.
    values_compared: numbers (not NaN) of the past that were compared, over all cuts and futures.
    first_row: the first row of the past that changed, None unless it leaks.
    first_cut: the first row of the future when it changed.
    future: what had been done to the future, one of `FUTURES`.
    """

    name: str
    outcome: Outcome
    values_compared: int
    first_row: int | None = None
    first_cut: int | None = None
    future: str | None = None


@dataclass(frozen=True)
class LeakCertificate:
    """The result of certifying features on some bars.

    Attributes
    ----------
    findings: one per feature, in the order asked for.
    series: what the bars were of.
    n_bars: how many there were.
    cuts: the first rows of the futures that were changed.
    futures: what was done to the future at each cut.
    seed: of the cuts and of the other prices.
    code_version: trimtab's version and a hash of the versions of the features.
    """

    findings: tuple[LeakFinding, ...]
    series: str
    n_bars: int
    cuts: tuple[int, ...]
    futures: tuple[str, ...]
    seed: int
    code_version: str

    @property
    def passed(self) -> bool:
        """Whether no feature leaks and at least one was checked."""
        return not self.leaking and any(each.outcome == "passed" for each in self.findings)

    @property
    def leaking(self) -> tuple[str, ...]:
        """The features that see the future."""
        return tuple(each.name for each in self.findings if each.outcome == "leaks")

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The features that had no value before any cut: more bars are needed."""
        return tuple(each.name for each in self.findings if each.outcome == "unchecked")

    def document(self) -> dict[str, Any]:
        """The certificate as JSON values."""
        return {
            "passed": self.passed,
            "leaking": list(self.leaking),
            "unchecked": list(self.unchecked),
            "series": self.series,
            "n_bars": self.n_bars,
            "cuts": list(self.cuts),
            "futures": list(self.futures),
            "seed": self.seed,
            "code_version": self.code_version,
            "findings": [each.__dict__ for each in self.findings],
        }


def certify(names: Sequence[str], bars: Bars, *, cuts: Sequence[int] | int = 5, seed: int) -> LeakCertificate:
    """Certify features of the catalogue on some bars.

    `cuts` are rows at which the future begins, or how many to choose. Raises `NotEnoughDataError`
    for fewer than two bars.
    """
    names = resolve(names=names)
    made_by = fingerprint_json(versions(names))[:12]
    return certify_function(
        lambda given: compute(given, names).values,
        names,
        bars,
        cuts=cuts,
        seed=seed,
        code_version=f"{__version__}+{made_by}",
    )


def certify_function(
    function: Compute,
    names: Sequence[str],
    bars: Bars,
    *,
    cuts: Sequence[int] | int = 5,
    seed: int,
    code_version: str = "",
) -> LeakCertificate:
    """Certify any function from bars to values of shape (n, k) with k names."""
    generator = np.random.default_rng(seed)
    chosen = _choose_cuts(len(bars), cuts, generator)
    full = function(bars)
    findings = {name: LeakFinding(name, "unchecked", 0) for name in names}
    for cut in chosen:
        for future, changed in _changed_futures(bars, cut, generator):
            past = function(changed)[:cut]
            for column, name in enumerate(names):
                findings[name] = _judge(findings[name], full[:cut, column], past[:, column], cut, future)
    return LeakCertificate(tuple(findings.values()), str(bars.series), len(bars), chosen, FUTURES, seed, code_version)


def _choose_cuts(n: int, cuts: Sequence[int] | int, generator: np.random.Generator) -> tuple[int, ...]:
    if n < 2:
        raise NotEnoughDataError(f"a leak check needs at least two bars, there are {n}; give it a longer history")
    if isinstance(cuts, int):
        # The later half: long lookbacks must have values there to compare.
        return tuple(sorted(int(cut) for cut in generator.integers(max(n // 2, 1), n, size=cuts)))
    outside = [cut for cut in cuts if not 1 <= cut < n]
    if outside:
        raise NotEnoughDataError(
            f"a cut must lie between 1 and {n - 1}, not {outside[0]}; choose rows inside the history"
        )
    return tuple(int(cut) for cut in cuts)


def _changed_futures(bars: Bars, cut: int, generator: np.random.Generator) -> Iterator[tuple[str, Bars]]:
    yield FUTURES[0], bars.take(slice(0, cut))
    yield FUTURES[1], _with_future(bars, cut, _other_prices(bars, cut, generator))
    unknown = np.full(len(bars) - cut, np.nan)
    yield FUTURES[2], _with_future(bars, cut, dict.fromkeys((*PRICES, "volume"), unknown))


def _other_prices(bars: Bars, cut: int, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """A wild but valid future: OHLC in order, jumps of tens of percent, other volumes and factors."""
    n = len(bars) - cut
    close = bars.close[cut - 1] * np.exp(np.cumsum(generator.normal(0.0, 0.3, n)))
    open_ = close * np.exp(generator.normal(0.0, 0.2, n))
    high = np.maximum(open_, close) * np.exp(np.abs(generator.normal(0.0, 0.1, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(generator.normal(0.0, 0.1, n)))
    volume = generator.lognormal(10.0, 3.0, n)
    return {
        "open": open_,
        "high": high,
        "low": low,
        "close": close,
        "volume": volume,
        "factor": generator.uniform(0.5, 2.0, n),
    }


def _with_future(bars: Bars, cut: int, future: dict[str, np.ndarray]) -> Bars:
    changed: dict[str, Any] = {n: np.concatenate([getattr(bars, n)[:cut], values]) for n, values in future.items()}
    return replace(bars, **changed)


def _judge(finding: LeakFinding, before: np.ndarray, after: np.ndarray, cut: int, future: str) -> LeakFinding:
    """Compare the bits of a feature's past; the earliest row that ever changed is kept."""
    compared = finding.values_compared + int((~np.isnan(before)).sum())
    changed = (_bits(before) != _bits(after)) & ~(np.isnan(before) & np.isnan(after))
    if not changed.any():
        outcome: Outcome = "leaks" if finding.outcome == "leaks" else "passed" if compared else "unchecked"
        return replace(finding, outcome=outcome, values_compared=compared)
    row = int(np.argmax(changed))
    if finding.first_row is not None and finding.first_row <= row:
        return replace(finding, values_compared=compared)
    return LeakFinding(finding.name, "leaks", compared, row, cut, future)


def _bits(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.float64).view(np.uint64)
