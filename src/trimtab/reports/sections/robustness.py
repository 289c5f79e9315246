"""What happens to the skill with less data, noise, fewer features and other seeds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trimtab.reports.blocks import card, cards, folded, not_measured, notes, section, table
from trimtab.reports.charts.lines import Axis, Line, apart, line_chart, spaced
from trimtab.reports.charts.tracks import Look, Track, tracks
from trimtab.reports.evidence import ModelEvidence, rows
from trimtab.reports.markup import Markup, tag
from trimtab.reports.wording import NARROW, change, counted, is_known, number, percent, spelled, words


def robustness(evidence: ModelEvidence) -> Markup:
    """Learning curve, noise, removal, seeds and parameters."""
    robust, title = evidence.document("robustness"), "Robustness: what disturbs it"
    if not robust:
        return section("robustness", title, not_measured("Robustness", evidence.why("robustness")))
    shown = cards(_learning(robust), _removal(robust), _noise(robust), _seeds(rows(robust, "seeds")))
    return section(
        "robustness",
        title,
        shown,
        _parameters(robust),
        folded("How this was measured", notes(robust.get("notes") or ())),
        lede=_gap(robust),
    )


def _gap(robust: Mapping[str, Any]) -> str:
    found = robust.get("overfitting") or {}
    if not is_known(found.get("gap")):
        return ""
    return (
        f"Right {percent(found.get('train_accuracy'))} of the time on what it learnt from and "
        f"{percent(found.get('test_accuracy'))} on new data: a gap of {number(100 * found['gap'], 1)} percentage points."
    )


def _learning(robust: Mapping[str, Any]) -> Markup:
    found, title = rows(robust, "learning_curve"), "Would more data help?"
    if not found:
        return card(title, not_measured("The learning curve", "no smaller trainings were made"))
    places = spaced([float(row.get("share") or 0.0) for row in found])
    lines = [
        Line("new data", [row.get("test_accuracy") for row in found], 1, dots=True),
        Line("training data", [row.get("train_accuracy") for row in found], 2, dots=True),
    ]
    marks = [(place, percent(row.get("share"), 0)) for place, row in zip(places, found, strict=True)]
    chart = line_chart("Learning curve", lines, Axis(apart(marks), places=places), alt=_learnt(found))
    return card(
        title, chart, note=f"Share said right, by the share of the training data that was used.{_where(robust)}"
    )


SMALL = 0.01  # a change of the share said right that is not shown at first
_FOLDS = re.compile(r"\blast (?:\d+ )?walk-forward folds?\b")


def _where(robust: Mapping[str, Any]) -> str:
    """Which folds learning, noise and removal were measured on, and how often it is right there."""
    said = next((m for note in robust.get("notes") or [] if (m := _FOLDS.search(str(note)))), None)
    if said is None:
        return ""
    whole = next((r.get("test_accuracy") for r in rows(robust, "learning_curve") if r.get("share") == 1.0), None)
    right = f", where it is right {percent(whole)} of the time with all data" if is_known(whole) else ""
    return f" On the {said[0]}{right}."


def _learnt(found: list[Mapping[str, Any]]) -> str:
    return "; ".join(f"with {percent(r.get('share'), 0)}: {percent(r.get('test_accuracy'))} on new data" for r in found)


def _removal(robust: Mapping[str, Any]) -> Markup:
    title = "Without a group of features"
    shown = [
        Track(words(r.get("group")), r.get("change"), r.get("low"), r.get("high"), under=_under(r))
        for r in rows(robust, "removal")
    ]  # fmt: skip
    if not shown:
        return card(title, not_measured("Removal", "no features were taken away"))
    look = Look(change, 0.0, heading="Taken away", value_heading="Change")
    large = [t for t in shown if not is_known(t.value) or abs(t.value) >= SMALL or len(shown) <= 3]
    small = [t for t in shown if t not in large]
    seen = (
        tracks(large, look, title)
        if large
        else tag("p", "No group changes the share said right by a percentage point.")
    )
    rest = folded(
        f"{counted(len(small), 'group')} with a change below 1{NARROW}pp",
        tracks(small, look, "Small changes") if small else "",
    )
    return card(title, seen, rest, note=f"Change of the share said right when the group is missing.{_where(robust)}")


def _under(row: Mapping[str, Any]) -> str:
    """How many features were taken away, and why there is no interval where there is none."""
    why = row.get("no_interval")
    return counted(row.get("n_features"), "feature") + (f"; {why} for an interval" if why else "")


def _noise(robust: Mapping[str, Any]) -> Markup:
    found, title = rows(robust, "noise"), "With noise on its inputs"
    if not found:
        return card(title, not_measured("Noise", "no noise was added"))
    shown = [
        {
            "sd": spelled(r.get("noise_sd")), "accuracy": percent(r.get("accuracy")), "change": change(r.get("change")),
            "share": percent(r.get("changed_share")),
        }
        for r in found
    ]  # fmt: skip
    columns = {
        "sd": "Noise, in standard deviations",
        "accuracy": "Right",
        "change": "Change",
        "share": "Answers changed",
    }
    return card(title, table(shown, columns, title), note=_where(robust).strip())


def _seeds(seeds: list[Mapping[str, Any]]) -> Markup:
    found, title = seeds, "With other seeds"
    if not found:
        return card(title, not_measured("Seeds", "one seed was tried"))
    shown = [
        {
            "measure": words(r.get("measure")), "mean": number(r.get("mean"), 3), "std": number(r.get("std"), 3),
            "between": f"{number(r.get('low'), 3)} to {number(r.get('high'), 3)}", "n": r.get("n_seeds"),
        }
        for r in found
    ]  # fmt: skip
    columns = {"measure": "Measure", "mean": "Mean", "std": "Spread", "between": "From, to", "n": "Seeds"}
    if all(r.get("low") == r.get("high") and is_known(r.get("low")) for r in found):
        said = f"Training does not use the seed: {counted(found[0].get('n_seeds'), 'seed')} gave the same numbers."
        return card(title, tag("p", said))
    rest = folded(
        counted(len(shown) - 1, "other measure"), table(shown[1:], columns, "Other measures") if shown[1:] else ""
    )
    return card(title, table(shown[:1], columns, title), rest)


def _parameters(robust: Mapping[str, Any]) -> Markup:
    """A drawing for every parameter of which other values were tried; folded away, for there may be many."""
    made = [_curve(str(curve.get("parameter")), points_of(curve)) for curve in rows(robust, "validation_curves")]
    shown = [each for each in made if each]
    if not shown:
        return Markup("")
    return tag("details", tag("summary", f"With other values of its parameters ({len(shown)})"), cards(*shown))


def points_of(curve: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Value and score of each try, by value; a point is a mapping or a pair, and what is no number is left out.

    >>> points_of({"points": [{"value": 4, "score": 0.2}, [2, 0.1], ["deep", 0.3]]})
    [(2, 0.1), (4, 0.2)]
    """
    found = [(p.get("value"), p.get("score")) if isinstance(p, Mapping) else p for p in curve.get("points") or []]
    return sorted((value, score) for value, score in found if is_known(value) if is_known(score))


def _curve(name: str, points: list[tuple[float, float]]) -> Markup | None:
    if len(points) < 2:
        return None
    values = [value for value, _ in points]
    places = spaced(values)
    marks = [(0.0, spelled(values[0])), (1.0, spelled(values[-1]))]
    line = Line("score", [score for _, score in points], dots=True, joined=False)
    alt = f"Score for {counted(len(points), 'value')} of {name}"
    axis = Axis(marks, lambda value, _: number(value, 3), places)
    return card(words(name), line_chart(name, [line], axis, height="short", alt=alt))
