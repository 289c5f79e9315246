"""`take_snapshot`: every feature of recent rows against the rows a model was trained on, with a verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from trimtab.config.strategy import Drift
from trimtab.drift.effective_size import dependence_time, effective_size, rows_by_group
from trimtab.drift.p_values import kolmogorov_smirnov_p_value, psi_critical_value
from trimtab.errors import DatasetError, IntegrityError, NotEnoughDataError
from trimtab.metrics.distributions import (
    Sample,
    bin_counts,
    bin_shares,
    js_of_counts,
    ks_and_area,
    psi,
    scaled_distance,
)
from trimtab.metrics.multiple_testing import benjamini_hochberg
from trimtab.storage.hashing import fingerprint_json

Status = Literal["stable", "drifted", "insufficient_evidence"]

# Below ten independent rows even a shift of a whole standard deviation is missed more often than found
# (docs/calibration.md), so "stable" would be a guess.
MIN_EFFECTIVE_ROWS = 10.0
# A snapshot may call itself stable only when at least this share of its features could be judged.
MIN_JUDGED_SHARE = 0.5


@dataclass(frozen=True)
class FeatureDrift:
    """One feature of a snapshot.

    Attributes
    ----------
    name: of the feature.
    psi: population stability index on the reference's deciles.
    psi_critical: the PSI that chance alone exceeds in 5 % of all cases at this effective size.
    ks: Kolmogorov-Smirnov statistic, 0 to 1.
    ks_p_value: probability of such a statistic without drift, by effective size.
    adjusted_p_value: the same after Benjamini-Hochberg over the judged features; None if not judged.
    wasserstein: first Wasserstein distance in interquartile ranges of the reference; None if undefined.
    jensen_shannon: Jensen-Shannon distance, 0 to 1.
    effective_n: how many independent rows the current ones equal.
    missing_reference, missing_current: shares of missing values, 0 to 1.
    status: "drifted" when the effect is large (PSI) and significant (adjusted p-value), else "stable";
        "insufficient_evidence" when `effective_n` is below 10.
    """

    name: str
    psi: float
    psi_critical: float
    ks: float
    ks_p_value: float
    adjusted_p_value: float | None
    wasserstein: float | None
    jensen_shannon: float
    effective_n: float
    missing_reference: float
    missing_current: float
    status: Status


@dataclass(frozen=True)
class DriftSnapshot:
    """All features of one comparison.

    Attributes
    ----------
    as_of: when the comparison was made, UTC.
    n_reference, n_current: rows compared.
    features: one entry per feature, in the order given.
    drifted_share: share of all features that drifted, 0 to 1.
    judged_share: share of all features with enough evidence for a verdict, 0 to 1.
    score: 0 (nothing drifted) to 1 (everything is far away): mean over all features of
        1 - exp(-psi / max_psi) where a feature drifted and 0 where it did not.
    status: "drifted" when `drifted_share` reaches `min_drifted_share`; otherwise
        "insufficient_evidence" when fewer than half of the features could be judged; otherwise "stable".
    max_psi, false_discovery_rate, min_drifted_share: the limits that were applied.
    """

    as_of: datetime
    n_reference: int
    n_current: int
    features: tuple[FeatureDrift, ...]
    drifted_share: float
    judged_share: float
    score: float
    status: Status
    max_psi: float
    false_discovery_rate: float
    min_drifted_share: float

    @property
    def snapshot_id(self) -> str:
        """Hash of what was found, without `as_of`: looking again at the same rows gives the same id."""
        content = asdict(self)
        del content["as_of"]
        return fingerprint_json(content)

    def worst(self, n: int) -> list[FeatureDrift]:
        """The n features with the largest PSI, largest first, ties by name."""
        return sorted(self.features, key=lambda feature: (-feature.psi, feature.name))[:n]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: `snapshot_id`, times in ISO 8601 UTC, None for unknown."""
        content = asdict(self) | {"as_of": self.as_of.astimezone(UTC).isoformat().replace("+00:00", "Z")}
        return {"snapshot_id": self.snapshot_id} | content

    def to_json(self) -> str:
        """One JSON document, keys in the order of the fields; equal snapshots give equal text."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> DriftSnapshot:
        """Read `to_json` back; content that does not match its `snapshot_id` raises `IntegrityError`."""
        try:
            content = json.loads(text)
            expected = content.pop("snapshot_id")
            content["features"] = tuple(FeatureDrift(**feature) for feature in content["features"])
            snapshot = cls(**content | {"as_of": datetime.fromisoformat(content["as_of"])})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IntegrityError(f"this is not a stored drift snapshot ({error}); take a new one") from None
        if snapshot.snapshot_id != expected:
            raise IntegrityError(f"drift snapshot {expected[:12]} was changed after it was stored; take a new one")
        return snapshot


def take_snapshot(
    reference: np.ndarray,
    current: np.ndarray,
    names: Sequence[str],
    *,
    limits: Drift,
    as_of: datetime,
    reference_groups: np.ndarray | None = None,
    current_groups: np.ndarray | None = None,
) -> DriftSnapshot:
    """Compare current rows with reference rows, feature by feature.

    Parameters
    ----------
    reference, current: float64, shapes (n, k) and (m, k), rows in time order (of each instrument at
        least); not finite is missing. Leave out warm-up rows on both sides.
    names: k names. To watch the predictions of a model too, append them as a column with a name.
    limits: `[drift]` of the strategy file.
    as_of: time of the comparison, timezone-aware.
    reference_groups, current_groups: instrument codes, shapes (n,) and (m,); None means one instrument.

    A feature drifted when the effect is large (PSI > `max_psi`) and significant: its Kolmogorov-Smirnov
    p-value, computed for the effective number of rows and adjusted for the number of features, is at most
    `false_discovery_rate`. The autocorrelation time is that of the reference, within instruments.
    Instruments are treated as if they moved in step: twenty of them count as one, because rows of one
    decision time tell nearly the same story. That errs towards "insufficient evidence", never towards drift.

    Errors: `NotEnoughDataError` without rows, `DatasetError` for shapes that do not fit.

    >>> rng = np.random.default_rng(7)
    >>> snapshot = take_snapshot(
    ...     rng.normal(size=(1000, 2)),
    ...     rng.normal([0.0, 3.0], size=(200, 2)),
    ...     ["calm", "moved"],
    ...     limits=Drift(),
    ...     as_of=datetime(2024, 1, 2, tzinfo=UTC),
    ... )
    >>> [feature.status for feature in snapshot.features], snapshot.drifted_share
    (['stable', 'drifted'], 0.5)
    """
    if as_of.tzinfo is None:
        raise DatasetError(f"as_of {as_of} carries no time zone; give it in UTC")
    if not names:
        raise DatasetError("a drift snapshot was asked for without features; name at least one")
    _check("reference", reference, reference_groups, len(names))
    _check("current", current, current_groups, len(names))
    rows, bounds = rows_by_group(reference_groups, len(reference))
    longest = [
        _longest(groups, len(block)) for groups, block in ((reference_groups, reference), (current_groups, current))
    ]
    found = []
    for column, name in enumerate(names):
        values = np.ascontiguousarray(reference[:, column], dtype=np.float64)
        tau = dependence_time(values[rows], bounds)
        found.append(_compare(name, values, current[:, column], *(effective_size(n, tau) for n in longest)))
    judged = _judge(found, limits)
    drifted_share = sum(feature.status == "drifted" for feature in judged) / len(judged)
    judged_share = sum(feature.status != "insufficient_evidence" for feature in judged) / len(judged)
    return DriftSnapshot(
        as_of=as_of.astimezone(UTC),
        n_reference=len(reference),
        n_current=len(current),
        features=tuple(judged),
        drifted_share=drifted_share,
        judged_share=judged_share,
        score=_score(judged, limits.max_psi),
        status=_overall(drifted_share, judged_share, limits.min_drifted_share),
        max_psi=limits.max_psi,
        false_discovery_rate=limits.false_discovery_rate,
        min_drifted_share=limits.min_drifted_share,
    )


def _compare(
    name: str, reference: np.ndarray, current: np.ndarray, reference_size: float, current_size: float
) -> FeatureDrift:
    first, second = Sample.of(reference), Sample.of(current)
    expected, actual = bin_shares(first, second)
    ks, area = ks_and_area(first, second)
    distance = scaled_distance(first, area)
    return FeatureDrift(
        name=name,
        psi=psi(expected, actual),
        psi_critical=psi_critical_value(len(expected), reference_size, current_size),
        ks=ks,
        ks_p_value=kolmogorov_smirnov_p_value(ks, reference_size, current_size),
        adjusted_p_value=None,
        wasserstein=None if np.isnan(distance) else distance,
        jensen_shannon=js_of_counts(*bin_counts(first, second)),
        effective_n=current_size,
        missing_reference=first.missing_share,
        missing_current=second.missing_share,
        status="insufficient_evidence",
    )


def _judge(features: list[FeatureDrift], limits: Drift) -> list[FeatureDrift]:
    """Give a status to every feature that has enough effective rows."""
    evident = [i for i, feature in enumerate(features) if feature.effective_n >= MIN_EFFECTIVE_ROWS]
    adjusted = benjamini_hochberg(np.array([features[i].ks_p_value for i in evident]))
    judged = list(features)
    for i, p_value in zip(evident, adjusted.tolist(), strict=True):
        drifted = features[i].psi > limits.max_psi and p_value <= limits.false_discovery_rate
        judged[i] = replace(features[i], adjusted_p_value=p_value, status="drifted" if drifted else "stable")
    return judged


def _score(features: list[FeatureDrift], max_psi: float) -> float:
    severities = [1.0 - np.exp(-feature.psi / max_psi) for feature in features if feature.status == "drifted"]
    return float(np.sum(severities) / len(features))


def _overall(drifted_share: float, judged_share: float, min_drifted_share: float) -> Status:
    if drifted_share > 0 and drifted_share >= min_drifted_share:
        return "drifted"
    return "stable" if judged_share >= MIN_JUDGED_SHARE else "insufficient_evidence"


def _longest(groups: np.ndarray | None, n_rows: int) -> float:
    return float(n_rows if groups is None else np.unique(groups, return_counts=True)[1].max())


def _check(label: str, block: np.ndarray, groups: np.ndarray | None, n_features: int) -> None:
    if block.ndim != 2 or block.shape[1] != n_features:
        raise DatasetError(f"the {label} rows must have shape (n, {n_features}), not {block.shape}")
    if not len(block):
        raise NotEnoughDataError(f"there are no {label} rows to compare; a drift snapshot needs both sides")
    if groups is not None and groups.shape != (len(block),):
        raise DatasetError(f"{label}_groups must have shape ({len(block)},), not {groups.shape}")
