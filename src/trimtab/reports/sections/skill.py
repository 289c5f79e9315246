"""How often it is right: by fold, by what it said, and whether its probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.reports.blocks import card, cards, folded, label_of, not_measured, pairs, section, table
from trimtab.reports.charts.grids import confusion
from trimtab.reports.charts.lines import FEW, Axis, Line, apart, line_chart, spaced
from trimtab.reports.charts.tracks import Look, Track, tracks
from trimtab.reports.evidence import ModelEvidence, at, best_baseline, named_baseline, rows
from trimtab.reports.markup import Markup
from trimtab.reports.wording import change, counted, day, is_known, number, percent, probability, words

SHOWN = 6  # pooled measures; the others are folded


def skill(evidence: ModelEvidence) -> Markup:
    """Folds and baselines."""
    judged, title = evidence.document("walk_forward"), "Skill on unseen data, fold by fold"
    if not rows(judged, "folds"):
        return section("folds", title, not_measured("The walk-forward", evidence.why("walk_forward")))
    return section(
        "folds", title, cards(_folds(judged, evidence), _pooled(judged), _baselines(judged)), lede=_lede(judged)
    )


def _lede(judged: Mapping[str, Any]) -> str:
    folds = [fold for fold in rows(judged, "folds") if is_known(at(fold, "metrics", "accuracy"))]
    if not folds:
        return ""
    worst = min(folds, key=lambda fold: fold["metrics"]["accuracy"])
    when = f"{day(worst.get('test_start'))} to {day(worst.get('test_end'))}"
    best = max(fold["metrics"]["accuracy"] for fold in folds)
    return f"Right {percent(worst['metrics']['accuracy'])} of the time in the worst fold ({when}), {percent(best)} in the best."


def _folds(judged: Mapping[str, Any], evidence: ModelEvidence) -> Markup:
    best = best_baseline(evidence, ("majority", "naive"))  # of the others the folds do not tell
    key = "majority_accuracy" if best.get("baseline") == "majority" else "baseline_accuracy"
    shown = [
        Track(
            words(fold.get("name")), at(fold, "metrics", "accuracy"), baseline=at(fold, "metrics", key),
            under=f"{day(fold.get('test_start'))[:7]} to {day(fold.get('test_end'))[:7]} · {number(fold.get('n_test'))}",
        )
        for fold in rows(judged, "folds")
    ]  # fmt: skip
    note = f"Dot: share said right. Upright tick: {named_baseline(best)}. Line: one half. Small print: tested from, to, and number of forecasts."
    look = Look(percent, reference=0.5, heading="Fold", value_heading="Right")
    return card("Accuracy by fold", tracks(shown, look, "Accuracy by fold"), note=note)


def _baselines(judged: Mapping[str, Any]) -> Markup:
    named = judged.get("baselines") or {}
    found = [c for c in (named.get("naive"), named.get("majority"), *(named.get("others") or [])) if c]
    if not found:
        return card("Against simple rules", not_measured("Simple rules", "the walk-forward compared with none"))
    shown = [
        {
            "rule": named_baseline(c), "theirs": percent(c.get("baseline_accuracy")), "lead": change(c.get("difference")),
            "between": f"{change(c.get('ci_low'))} to {change(c.get('ci_high'))}", "p": probability(c.get("p_value")),
            "dm": probability(c.get("dm_p_value")),
        }
        for c in found
    ]  # fmt: skip
    columns: dict[str, Any] = {"rule": "Simple rule", "theirs": "It is right", "lead": "Lead of the model"}
    columns |= {"between": "95 % interval", "p": "p, bootstrap"}
    if any(is_known(c.get("dm_p_value")) for c in found):
        columns["dm"] = "p, Diebold-Mariano"
    note = "p: how often such a lead would come up if the model were no better. Moments that belong together are resampled together."
    return card("Against simple rules", table(shown, columns, "Against simple rules"), note=note, wide=True)


def _pooled(judged: Mapping[str, Any]) -> Markup:
    found = rows(judged, "intervals")
    title = "All folds together"
    if not found:
        return card(title, not_measured("Intervals", "the walk-forward holds none"))
    shown = [
        {
            "measure": label_of(r.get("measure")), "value": number(r.get("value"), 3),
            "between": f"{number(r.get('low'), 3)} to {number(r.get('high'), 3)}",
        }
        for r in found
    ]  # fmt: skip
    columns = {"measure": "Measure", "value": "Value", "between": f"{percent(found[0].get('confidence'), 0)} interval"}
    rest = folded(
        f"{counted(len(shown) - SHOWN, 'other measure')}",
        table(shown[SHOWN:], columns, "Other measures") if shown[SHOWN:] else "",
    )
    return card(title, table(shown[:SHOWN], columns, title), rest)


def outcomes(evidence: ModelEvidence) -> Markup:
    """Confusion matrix, quantiles and calibration."""
    judged, title = evidence.document("walk_forward"), "What it said, and what happened"
    if not judged:
        return section("outcomes", title, not_measured("What it said", evidence.why("walk_forward")))
    return section(
        "outcomes", title, cards(_matrix(judged), _quantiles(judged), _reliability(judged)), lede=_said(judged)
    )


def _said(judged: Mapping[str, Any]) -> str:
    pooled = judged.get("pooled") or {}
    if not is_known(pooled.get("precision")):
        return ""
    return (
        f"When it says yes it is right {percent(pooled['precision'])} of the time; "
        f"it finds {percent(pooled.get('recall'))} of what there is to find."
    )


def _matrix(judged: Mapping[str, Any]) -> Markup:
    matrix = judged.get("confusion_matrix")
    if matrix and all(is_known(count) for line in matrix for count in line):
        return card("Yes and no", confusion(matrix))
    why = (
        "this is a regression, it says a number"
        if judged.get("task") == "regression"
        else "the walk-forward holds none"
    )
    return card("Yes and no", not_measured("The confusion matrix", why))


def _quantiles(judged: Mapping[str, Any]) -> Markup:
    found = rows(judged, "quantiles")
    if not found:
        return card("Low and high forecasts", not_measured("Quantiles", "the walk-forward holds none"))
    is_share = judged.get("task") == "classification"
    shown = [
        Track(f"{number(q.get('quantile'))} of {len(found)}", q.get("mean_outcome"), under=f"forecast {number(q.get('mean_forecast'), 3)}")
        for q in found
    ]  # fmt: skip
    look = Look(
        percent if is_share else lambda v: number(v, 4),
        0.5 if is_share else 0.0,
        bars=True,
        heading="Forecast",
        value_heading="Happened" if is_share else "Outcome",
    )
    note = "Forecasts from the lowest to the highest group; with skill the outcome rises from top to bottom."
    return card("Low and high forecasts", tracks(shown, look, "Outcome by forecast quantile"), note=note)


def _reliability(judged: Mapping[str, Any]) -> Markup:
    bins = [b for b in rows(judged, "reliability") if is_known(b.get("said")) and is_known(b.get("happened"))]
    if not bins:
        why = (
            "a regression says no probabilities"
            if judged.get("task") == "regression"
            else "the walk-forward holds none"
        )
        return card("Calibration", not_measured("Calibration", why))
    said = [float(b["said"]) for b in bins]
    places = spaced(said)
    lines = [
        Line("happened", [b["happened"] for b in bins], 1, dots=True, weights=[b.get("n") for b in bins]),
        Line("perfectly calibrated", list(said), 4),
    ]
    marks = apart([(place, percent(value, 0)) for place, value in zip(places, said, strict=True)])
    chart = line_chart("Calibration", lines, Axis(marks, places=places), alt=_calibrated(bins))
    points = [
        (f"said {percent(b['said'])}, happened {percent(b['happened'])}", counted(b.get("n") or 0, "forecast"))
        for b in bins
    ]
    return card(
        "Calibration",
        chart,
        folded("Forecasts per point", pairs(points)),
        note=f"Across: what it said. Upwards: how often it happened. Larger point: more forecasts; pale: fewer than {FEW}.",
    )


def _calibrated(bins: list[Mapping[str, Any]]) -> str:
    return "; ".join(f"said {percent(b['said'])}, happened {percent(b['happened'])}" for b in bins)
