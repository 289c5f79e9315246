"""Stage two: one family of features for every bar of one series, certified free of leaks."""

from __future__ import annotations

from typing import Any

import numpy as np

from trimtab.errors import UnknownNameError
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import FeatureBlock
from trimtab.features.leaks import LeakCertificate, certify
from trimtab.features.plots import plot_distributions
from trimtab.features.point_in_time import compute_point_in_time
from trimtab.features.store import quality, write_family
from trimtab.pipeline.running import Produced, run_stage
from trimtab.pipeline.stage import CheckOutcome, Scalar, StageResult, Table
from trimtab.pipeline.workspace import Workspace

STAGES = {
    "technical": "technical_features",
    "candlesticks": "candlestick_features",
    "market_state": "market_state_features",
}
CERTIFICATE_SEED = 0  # where the future is cut needs no choice, so another seed computes no feature again
CERTIFICATE_BARS = 600  # the newest bars are enough: a formula that leaks leaks everywhere
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
    series = workspace.series[series_key]

    def inputs() -> dict[str, Any]:
        return {
            "bars": workspace.bars.fingerprint(series),
            "features": versions,
        }

    def compute() -> Produced:
        block = compute_point_in_time(workspace.bars, series, tuple(versions), None)
        bars = workspace.bars.current(series)
        certificate = certify(
            tuple(versions),
            bars.take(slice(max(len(bars) - CERTIFICATE_BARS, 0), None)),
            cuts=2,
            seed=CERTIFICATE_SEED,
        )
        fingerprint = write_family(workspace.lake, series, family, block)
        return _describe(workspace, family, block, certificate, fingerprint)

    table = f"features/{family}/{series_key}"
    return run_stage(
        workspace, STAGES[family], series_key, inputs, compute, lambda _: workspace.lake.tables.exists(table)
    )


def _describe(
    workspace: Workspace, family: str, block: FeatureBlock, certificate: LeakCertificate, fingerprint: str
) -> Produced:
    measured = quality(block)
    completeness, within_bounds = measured["completeness"] or 0.0, measured["within_bounds"] or 0.0
    metrics: dict[str, Scalar] = {
        "features": len(block.names),
        "rows": len(block.event_time),
        "completeness": completeness,
        "within_bounds": within_bounds,
    }
    return Produced(
        data_version=fingerprint,
        metrics=metrics,
        tables={"features": _summary(block)},
        plots={"Distributions": plot_distributions(block)} if len(block.event_time) else {},
        links={"table": workspace.lake.tables.path(f"features/{family}/{block.series.key}")},
        checks=(
            CheckOutcome(
                "no_leaks",
                certificate.passed,
                True,
                "changing or cutting the future left every past value bit-identical"
                if certificate.passed
                else f"these features see the future: {', '.join(certificate.leaking)}",
                {"features": len(block.names), "bars": certificate.n_bars, "cuts": len(certificate.cuts)},
            ),
            CheckOutcome(
                "complete",
                completeness >= MIN_COMPLETENESS,
                False,
                f"{measured['completeness']:.2%} of the values after each feature's look-back exist; "
                f"{MIN_COMPLETENESS:.0%} are expected",
                {"completeness": completeness},
            ),
            CheckOutcome(
                "within_bounds",
                within_bounds == 1.0,
                True,
                f"{measured['within_bounds']:.4%} of the values keep their feature's declared bounds",
                {"within_bounds": within_bounds},
            ),
        ),
        summary={"features": list(block.names), "bars": workspace.bars.fingerprint(block.series)},
    )


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
