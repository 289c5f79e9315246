"""Where it holds and where it does not: regimes, stress periods, instruments and sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.reports.blocks import card, cards, not_measured, section, table
from trimtab.reports.charts.tracks import Look, Track, tracks
from trimtab.reports.evidence import ModelEvidence, rows
from trimtab.reports.markup import Markup
from trimtab.reports.wording import day, is_known, number, percent, words

ACCURACY = (
    "Dot: share said right. Bar: its 95 % interval. Upright tick: the naive forecast on the same rows. Line: one half."
)


def conditions(evidence: ModelEvidence) -> Markup:
    """Accuracy under every condition that was tried."""
    robust, title = evidence.document("robustness"), "Where it holds, and where not"
    if not robust:
        return section("conditions", title, not_measured("Regimes, stress and bias", evidence.why("robustness")))
    shown = cards(_regimes(robust), _instruments(robust), _sides(robust), _stress(robust))
    return section("conditions", title, shown, lede=_worst(robust))


def _worst(robust: Mapping[str, Any]) -> str:
    worst = robust.get("worst_regime")
    if not isinstance(worst, Mapping):
        return "No regime holds enough forecasts to be judged."
    return (
        f"It does worst under {words(worst.get('regime'))} {words(worst.get('kind'))}: right "
        f"{percent(worst.get('accuracy'))} of the time in {number(worst.get('n'))} forecasts."
    )


def _track(row: Mapping[str, Any], name: str, under: str, *, is_faint: bool = False) -> Track:
    return Track(
        name, row.get("accuracy"), row.get("low"), row.get("high"), row.get("baseline_accuracy"), under, is_faint
    )


def _drawn(title: str, shown: list[Track], heading: str, note: str = ACCURACY, *, missing: str = "") -> Markup:
    if not shown:
        return card(title, not_measured(title, missing or "there were no forecasts to divide"))
    look = Look(percent, reference=0.5, heading=heading, value_heading="Right")
    return card(title, tracks(shown, look, title), note=note)


def _regimes(robust: Mapping[str, Any]) -> Markup:
    shown = [
        _track(
            row,
            f"{words(row.get('regime'))} {words(row.get('kind'))}",
            _counted(row),
            is_faint=row.get("is_judged") is False,
        )
        for row in rows(robust, "regimes")
    ]
    few = " Pale: too few forecasts to judge." if any(row.is_faint for row in shown) else ""
    return _drawn("By kind of market", shown, "Regime", ACCURACY + few)


def _counted(row: Mapping[str, Any]) -> str:
    coefficient = row.get("information_coefficient")
    said = f"{number(row.get('n'))} forecasts"
    return f"{said} · IC {number(coefficient)}" if is_known(coefficient) else said


def _instruments(robust: Mapping[str, Any]) -> Markup:
    shown = [
        _track(row, str(row.get("instrument_id")), f"says yes {percent(row.get('said_up_share'), 0)}, happens {percent(row.get('happened_share'), 0)}")
        for row in rows(robust, "by_instrument")
    ]  # fmt: skip
    return _drawn("By instrument", shown, "Instrument")


def _sides(robust: Mapping[str, Any]) -> Markup:
    shown = [
        _track(row, words(row.get("side")), f"{number(row.get('n'))} forecasts · mean return {percent(row.get('mean_return'), 3)}")
        for row in rows(robust, "by_side")
    ]  # fmt: skip
    return _drawn("By side", shown, "Side", "Dot: share said right. Bar: its 95 % interval. Line: one half.")


def _stress(robust: Mapping[str, Any]) -> Markup:
    found, title = rows(robust, "stress"), "Stress periods"
    reached = [row for row in found if row.get("n")]
    missed = [words(row.get("period")) for row in found if not row.get("n")]
    note = f"Not reached by the forecasts: {', '.join(missed)}." if missed else ""
    if not reached:
        return card(title, not_measured(title, "the forecasts reach none of them"), note=note)
    shown = [
        {
            "period": words(r.get("period")),
            "start": day(r.get("start")),
            "end": day(r.get("end")),
            "n": r.get("n"),
            "accuracy": percent(r.get("accuracy")),
            "return": percent(r.get("total_return")),
            "drawdown": percent(r.get("max_drawdown")),
            "note": str(r.get("note") or ""),
        }
        for r in reached
    ]
    columns: dict[str, Any] = {"period": "Period", "start": "From", "end": "To", "n": "Forecasts", "accuracy": "Right"}
    columns |= {"return": "Return", "drawdown": "Largest loss"}
    if any(row["note"] for row in shown):
        columns["note"] = "Note"
    return card(title, table(shown, columns, title), note=note, wide=True)
