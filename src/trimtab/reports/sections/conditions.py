"""Where it holds and where it does not: regimes, stress periods, instruments and sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.reports.blocks import card, cards, not_measured, section, table
from trimtab.reports.charts.tracks import Look, Track, tracks
from trimtab.reports.evidence import ModelEvidence, rows
from trimtab.reports.markup import Markup, escaped, tag
from trimtab.reports.simple_rules import best_rule, condition_name
from trimtab.reports.wording import day, is_known, number, percent, words

ACCURACY = (
    "Dot: share said right. Bar: its 95 % interval. Upright tick: the best rule without skill on the same rows, named "
    "in small print: the naive forecast, the commoner class in training, or always one answer. Line: one half."
)
SIDES = {"said 1": "said yes", "said 0": "said no"}


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
    same = (row for row in rows(robust, "regimes") if condition_name(row) == condition_name(worst))
    share, rule = best_rule(next(same, {}))
    beside = f"; {rule}, {percent(share)}" if share is not None else ""
    return (
        f"It does worst under {condition_name(worst)}: right {percent(worst.get('accuracy'))} of the time in "
        f"{number(worst.get('n'))} forecasts{beside}."
    )


def _track(row: Mapping[str, Any], name: str, under: str, *, is_faint: bool = False) -> Track:
    share, rule = best_rule(row)
    beside = f"{under} · {rule} {percent(share)}" if share is not None else under
    return Track(name, row.get("accuracy"), row.get("low"), row.get("high"), share, beside, is_faint)


def _drawn(title: str, shown: list[Track], heading: str, note: str = ACCURACY, *, missing: str = "") -> Markup:
    if not shown:
        return card(title, not_measured(title, missing or "there were no forecasts to divide"))
    look = Look(percent, reference=0.5, heading=heading, value_heading="Right")
    return card(title, tracks(shown, look, title), note=note)


def _regimes(robust: Mapping[str, Any]) -> Markup:
    shown = [
        _track(
            row,
            condition_name(row),
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
    return _drawn("By instrument", shown, "Instrument", "Drawn as by kind of market.")


def _sides(robust: Mapping[str, Any]) -> Markup:
    shown = [
        Track(
            SIDES.get(str(row.get("side")), words(row.get("side"))), row.get("accuracy"), row.get("low"), row.get("high"),
            row.get("base_rate"), _said(row),
        )
        for row in rows(robust, "by_side")
    ]  # fmt: skip
    note = "Dot: share said right. Bar: its 95 % interval. Upright tick: how often it happens anyway. Line: one half."
    return _drawn("By side", shown, "Side", f"{note} Mean return: of the instrument over the horizon, before costs.")


def _said(row: Mapping[str, Any]) -> str:
    anyway = f" · happens anyway {percent(row['base_rate'])}" if is_known(row.get("base_rate")) else ""
    return f"{number(row.get('n'))} forecasts{anyway} · mean return {percent(row.get('mean_return'), 3)}"


def _dated(row: Mapping[str, Any]) -> Markup:
    """A period, and below it from when to when."""
    when = tag("span", f"{day(row.get('start'))} to {day(row.get('end'))}", class_="under")
    return Markup(escaped(words(row.get("period"))) + when)


def _stress(robust: Mapping[str, Any]) -> Markup:
    found, title = rows(robust, "stress"), "Stress periods"
    reached = [row for row in found if row.get("n")]
    missed = [words(row.get("period")) for row in found if not row.get("n")]
    note = f"Not reached by the forecasts: {', '.join(missed)}." if missed else ""
    if not reached:
        return card(title, not_measured(title, "the forecasts reach none of them"), note=note)
    shown = [
        {
            "period": _dated(r),
            "n": r.get("n"),
            "n_times": r.get("n_times"),
            "accuracy": percent(r.get("accuracy")),
            "between": f"{percent(r.get('low'), 0)} to {percent(r.get('high'), 0)}",
            "return": percent(r.get("total_return")),
            "drawdown": percent(r.get("max_drawdown")),
            "note": str(r.get("note") or ""),
        }
        for r in reached
    ]
    columns: dict[str, Any] = {"period": "Period", "accuracy": "Right", "between": "95 % interval"}
    columns |= {"n": "Forecasts", "n_times": "At times"}
    columns |= {"return": "Return", "drawdown": "Largest loss"}
    if any(row["note"] for row in shown):
        columns["note"] = "Note"
    return card(title, table(shown, columns, title), note=note, wide=True)
