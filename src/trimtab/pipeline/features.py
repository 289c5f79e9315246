"""Stage two: one family of features for every bar of one series, certified free of leaks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from trimtab.bars.freshness import freshness
from trimtab.bars.times import as_datetime
from trimtab.errors import UnknownNameError
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import FeatureBlock
from trimtab.features.leaks import WholeCertificate, certify_whole
from trimtab.features.plots import plot_distributions
from trimtab.features.point_in_time import compute_point_in_time
from trimtab.features.store import MadeFrom, quality, table_quality, validate, write_family
from trimtab.features.surroundings import SURROUNDINGS, Surroundings
from trimtab.market import Series
from trimtab.market.calendar import parse_calendar
from trimtab.pipeline.bars import STAGE as BARS
from trimtab.pipeline.running import Produced, run_stage, stage_values
from trimtab.pipeline.stage import CheckOutcome, Scalar, StageResult, Table
from trimtab.pipeline.surroundings import (
    around,
    needs_of,
    read_peers,
    surroundings_fingerprint,
    surroundings_of,
)
from trimtab.pipeline.workspace import Workspace

STAGES = {
    "technical": "technical_features",
    "candlesticks": "candlestick_features",
    "market_state": "market_state_features",
    "peers": "peer_features",
    "alpha158": "alpha158_features",
    "fundamental": "fundamental_features",
    "sentiment": "sentiment_features",
}
CERTIFICATE_SEED = 0  # where the future is cut needs no choice, so another seed computes no feature again
CERTIFICATE_BARS = 600  # the newest bars: a formula that leaks rarely leaks everywhere but there
MIN_COMPLETENESS = 0.99  # after warm-up


def feature_versions(family: str) -> dict[str, int]:
    """Name and version of every feature of a family: part of what a result depends on."""
    found = {name: feature.version for name, feature in catalogue().items() if feature.family == family}
    if not found:
        raise UnknownNameError("feature family", family, {feature.family for feature in catalogue().values()})
    return found


def compute_family(workspace: Workspace, family: str, series_key: str) -> StageResult:
    """Compute, check and store the features of one family for one series."""
    versions = feature_versions(family)
    names, needs = tuple(versions), needs_of(versions)
    series = workspace.series[series_key]

    def inputs() -> dict[str, Any]:
        return {
            "bars": workspace.bars.fingerprint(series),
            "surroundings": surroundings_fingerprint(workspace, series, needs),
            "features": versions,
            "behind": _bars_behind(workspace, series, workspace.bars.last_event_time(series)),
        }

    def compute() -> Produced:
        peers = read_peers(workspace, series, needs)
        block = compute_point_in_time(
            workspace.bars, series, names, None, around(workspace, series, needs, peers), peers
        )
        surroundings = surroundings_of(workspace, series, None, needs)
        certificate = _certificate(workspace, series, known_features(names, surroundings), surroundings)
        fingerprint = write_family(workspace.lake, series, family, block, made_from=made_from(workspace, series, needs))
        return _describe(workspace, family, block, certificate, surroundings, fingerprint)

    table = f"features/{family}/{series_key}"
    return run_stage(
        workspace, STAGES[family], series_key, inputs, compute, lambda _: workspace.lake.tables.exists(table)
    )


def known_features(names: Sequence[str], surroundings: Surroundings) -> tuple[str, ...]:
    """Those of some features whose facts and peers are there at all; the others are unknown in every row."""
    return tuple(name for name in names if not any(map(surroundings.missing, catalogue()[name].needs)))


def made_from(workspace: Workspace, series: Series, needs: set[str]) -> MadeFrom:
    """What a table says it was made from: fingerprints of the bars, facts and peers."""
    beside = surroundings_fingerprint(workspace, series, needs)
    peers = {f"peer {key}": bars for key, bars in beside.pop("peers", {}).items()}
    facts = {kind: stored for kind, stored in beside.items() if stored is not None}
    return MadeFrom(bars=workspace.bars.fingerprint(series), facts={**facts, **peers})


def _certificate(
    workspace: Workspace, series: Series, names: tuple[str, ...], surroundings: Surroundings
) -> WholeCertificate | None:
    bars = workspace.bars.current(series)
    if not names or len(bars) < 2:
        return None
    return certify_whole(names, bars, n_bars=CERTIFICATE_BARS, cuts=2, seed=CERTIFICATE_SEED, surroundings=surroundings)


def _bars_behind(workspace: Workspace, series: Series, last: datetime | None) -> int | None:
    """How many bars that are over by the market's calendar are not there; None for a source that does not grow."""
    told = stage_values(workspace, BARS, series.key) or {}
    if not told.get("is_live"):
        return None
    lag = timedelta(seconds=workspace.settings.publication_lag_seconds)
    calendar = parse_calendar(told["calendar"])
    return freshness(series, last, workspace.lake.clock.now(), calendar, lag).n_behind


def _describe(
    workspace: Workspace,
    family: str,
    block: FeatureBlock,
    certificate: WholeCertificate | None,
    surroundings: Surroundings,
    fingerprint: str,
) -> Produced:
    last = as_datetime(block.event_time[-1]) if len(block) else None
    behind = _bars_behind(workspace, block.series, last)
    needs, score = needs_of(block.names), table_quality(block, behind=behind).document()
    metrics: dict[str, Scalar] = {
        "features": len(block.names),
        "known_features": len(known_features(block.names, surroundings)),
        "rows": len(block.event_time),
        "quality": score["overall"],
        "completeness": score["completeness"],
        "reliability": score["reliability"],
        "freshness": score["freshness"],
    }
    return Produced(
        data_version=fingerprint,
        metrics=metrics,
        tables={"findings": _findings(block), "features": _summary(block)},
        plots={"Distributions": plot_distributions(block)} if len(block.event_time) else {},
        links={"table": workspace.lake.tables.path(f"features/{family}/{block.series.key}")},
        checks=(
            _no_leaks(certificate),
            _complete(block, surroundings),
            _within_bounds(block),
            _fresh(behind),
        ),
        summary={
            "features": list(block.names),
            "bars": workspace.bars.fingerprint(block.series),
            "surroundings": surroundings_fingerprint(workspace, block.series, needs),
        },
    )


def _no_leaks(certificate: WholeCertificate | None) -> CheckOutcome:
    if certificate is None:
        return CheckOutcome("no_leaks", True, True, "nothing is known, so nothing can leak", {"features": 0})
    # What could not be checked does not block here: the leak certificate of a strategy refuses it in writing.
    clean = not certificate.named("leaks") and not certificate.missed
    counts = {outcome: len(certificate.named(outcome)) for outcome in ("passed", "leaks", "unchecked")}
    said = (
        certificate.sentence if not clean or not counts["unchecked"] else f"no leak was found; {certificate.sentence}"
    )
    return CheckOutcome("no_leaks", clean, True, said, counts)


def _complete(block: FeatureBlock, surroundings: Surroundings) -> CheckOutcome:
    """Whether values exist where they should; what has no facts is unknown, which is said and is no fault of the table."""
    expected = [name for name in block.names if not catalogue()[name].unknown_when]
    known = known_features(block.names, surroundings)
    empty = [name for name, column in zip(block.names, block.values.T, strict=True) if np.isnan(column).all()]
    completeness = quality(_columns(block, expected))["completeness"] if expected else None
    said = [
        f"{completeness:.2%} of the values after each feature's look-back exist; {MIN_COMPLETENESS:.0%} are expected"
        if completeness is not None
        else "no feature of this family has a value in every row",
        _unknown_features(block, surroundings),
        _empty_features([name for name in empty if name in known], len(block.names)),
    ]
    return CheckOutcome(
        "complete",
        (not expected or (completeness or 0.0) >= MIN_COMPLETENESS) and len(empty) < len(block.names),
        False,
        "; ".join(sentence for sentence in said if sentence),
        {"completeness": completeness, "without_any_value": len(empty)},
    )


def _empty_features(names: Sequence[str], of: int) -> str:
    """Features whose facts are there, but never what they are made of, as a sentence."""
    if not names:
        return ""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{len(names)} of {of} features have no value in any row: {', '.join(names[:5])}{more}"


def _columns(block: FeatureBlock, names: Sequence[str]) -> FeatureBlock:
    values = block.values[:, [block.names.index(name) for name in names]]
    return FeatureBlock(block.series, block.event_time, block.known_time, tuple(names), np.asfortranarray(values))


def _unknown_features(block: FeatureBlock, surroundings: Surroundings) -> str:
    """Why some features are unknown in every row, or an empty text."""
    lacking = dict.fromkeys(SURROUNDINGS, 0)
    for name in block.names:
        for need in catalogue()[name].needs:
            lacking[need] += surroundings.missing(need)
    return "; ".join(
        f"no {SURROUNDINGS[need]} are known for {block.series.instrument_id}: {n} features are unknown (NaN)"
        for need, n in lacking.items()
        if n
    )


def _within_bounds(block: FeatureBlock) -> CheckOutcome:
    measured = quality(block)
    share, infinite = measured["within_bounds"], measured["infinite"]
    if share is None:
        return CheckOutcome("within_bounds", True, True, "there is no value that could leave its bounds", {})
    left = ", ".join(list(measured["out_of_bounds"])[:5])
    return CheckOutcome(
        "within_bounds",
        share == 1.0 and infinite == 0,
        True,
        f"{share:.4%} of the values keep their feature's declared bounds"
        + (f"; these do not: {left}" if left else "")
        + (f"; {infinite} values are infinite" if infinite else ""),
        {"within_bounds": share, "infinite": infinite},
    )


def _fresh(behind: int | None) -> CheckOutcome:
    if behind is None:
        return CheckOutcome("fresh", True, False, "the source is a fixed history, which does not age", {})
    return CheckOutcome(
        "fresh",
        behind == 0,
        False,
        f"{behind} bars that are over by the market's calendar have no row",
        {"behind": behind},
    )


def _findings(block: FeatureBlock) -> Table:
    """What validation objects to, as rows of a table; none when all is well."""
    return [
        {
            "check": found.check,
            "feature": found.feature,
            "severity": found.severity,
            "count": found.count,
            "detail": found.detail,
        }
        for found in validate(block).findings
    ]


def _summary(block: FeatureBlock) -> Table:
    rows: list[dict[str, Scalar]] = []
    for position, name in enumerate(block.names):
        values = block.values[:, position]
        known = values[~np.isnan(values)]
        spread = np.quantile(known, [0.0, 0.5, 1.0]) if len(known) else [np.nan] * 3
        rows.append(
            {
                "feature": name,
                "values": len(known),
                "mean": _number(known.mean() if len(known) else np.nan),
                "std": _number(known.std() if len(known) else np.nan),
                "min": _number(spread[0]),
                "median": _number(spread[1]),
                "max": _number(spread[2]),
                "latest": _number(values[-1] if len(values) else np.nan),
            }
        )
    return rows


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
