"""What the Sharpe ratio is worth once everything that was tried is counted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from trimtab.reports.blocks import card, cards, folded, label_of, not_judged, not_measured, notes, pairs, section, table
from trimtab.reports.charts.tracks import Look, Track, tracks
from trimtab.reports.evidence import ModelEvidence, at, rows
from trimtab.reports.markup import Markup, tag
from trimtab.reports.wording import count, counted, is_known, number, percent, probability, words

QUESTIONS = {
    "probabilistic_sharpe_ratio": ("Probability that the true Sharpe ratio is above nought", probability),
    "deflated_sharpe_ratio": ("Probability that it is above the luck of the best of all trials", probability),
    "minimum_track_record_length": ("Periods needed to be sure of it", lambda v: number(v, 0)),
}
CONVENTIONS = {"classic": "classic convention", "null_variance": "2025 convention"}
MOST_TRIALS = 5
FEWEST_TRIALS = 5  # with fewer, below the middle is another word for not the best


def honesty(evidence: ModelEvidence) -> Markup:
    """Trials, deflated Sharpe ratio by both conventions, overfitting, superior ability."""
    honest, title = evidence.document("honesty"), "Honesty: how much of it is luck"
    if not honest:
        return section("honesty", title, not_measured("What luck explains", evidence.why("honesty")))
    shown = cards(_sharpe(honest), _overfitting(honest), _superior(honest), _trials(honest))
    return section(
        "honesty", title, shown, folded("How this was counted", notes(honest.get("notes") or ())), lede=_lede(honest)
    )


def _lede(honest: Mapping[str, Any]) -> str:
    trials, gate = honest.get("trials") or {}, at(honest, "conventions", "gate") or "classic"
    if not is_known(trials.get("n_trials")):
        return ""
    tried = f"{counted(trials['n_trials'], 'trial')} counted, worth {_effective(trials)} independent ones"
    deflated = at(honest, "deflated_sharpe_ratio", gate)
    if not is_known(deflated):
        return f"{tried}. Whether the Sharpe ratio is more than their luck is not known."
    return f"{tried}. After them, the Sharpe ratio is more than luck with probability {probability(deflated)}."


def _sharpe(honest: Mapping[str, Any]) -> Markup:
    shown = [
        {
            "question": question,
            "classic": write(at(honest, name, "classic")),
            "null": write(at(honest, name, "null_variance")),
        }
        for name, (question, write) in QUESTIONS.items()
    ]
    columns = {"question": "Question", "classic": "Classic", "null": "2025 convention"}
    sharpe, conventions = honest.get("sharpe") or {}, honest.get("conventions") or {}
    facts = [
        ("Sharpe ratio a year", number(sharpe.get("annual"))),
        ("Luck of the best trial, a year", number(at(honest, "deflated_sharpe_ratio", "expected_max_sharpe_annual"))),
        ("Periods", count(sharpe.get("n_periods"))),
        ("Skew", number(sharpe.get("skew"))),
        ("Kurtosis (normal: 3)", number(sharpe.get("kurtosis"))),
    ]
    gate = conventions.get("gate")
    said = [f"The gate reads the {CONVENTIONS.get(str(gate), words(gate))}" if gate else ""]
    said += [f"{title}: {conventions[name]}" for name, title in CONVENTIONS.items() if conventions.get(name)]
    return card(
        "The Sharpe ratio",
        table(shown, columns, "Both conventions"),
        pairs(facts),
        folded("The two conventions", notes(said)),
    )


def _trials(honest: Mapping[str, Any]) -> Markup:
    trials = honest.get("trials") or {}
    facts = [
        ("Trials", number(trials.get("n_trials"))),
        ("With returns", number(trials.get("n_with_returns"))),
        ("Worth so many independent ones", _effective(trials)),
        ("Spread of their Sharpe ratios", number(trials.get("sharpe_std_annual"))),
    ]
    more = [(f"Estimated by {words(name)}", number(v, 1)) for name, v in (trials.get("estimates") or {}).items()]
    sources = [
        {"study": str(r.get("study")), "kind": words(r.get("kind")), "dataset": str(r.get("dataset") or "")[:12], "n": r.get("n")}
        for r in rows(trials, "by_source")
    ]  # fmt: skip
    columns = {"study": "Study", "kind": "Kind", "dataset": "Dataset", "n": "Trials"}
    listed = table(sources, columns, "Trials by study", is_titled=True) if sources else ""
    return card(
        "Everything that was tried",
        pairs(facts),
        _spread(honest),
        folded("By study, and by estimate", listed, pairs(more) if more else ""),
    )


def _effective(trials: Mapping[str, Any]) -> str:
    """The effective number; where it is the largest estimate rounded up, it says so."""
    found = trials.get("n_effective")
    largest = max((v for v in (trials.get("estimates") or {}).values() if is_known(v)), default=None)
    is_rounded = largest is not None and is_known(found) and largest < found == math.ceil(largest)
    return f"{number(found, 1)} ({number(largest, 1)}, rounded up)" if is_rounded else number(found, 1)


def by_time(honest: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    """Sharpe ratios of the trials of studies, and of the recipes judged by a walk-forward: they are of different times.

    Those of recipes stand last in the document. Where returns of some trials are missing nobody can tell how many
    they are: only what equals this version's own ratio is set apart.

    >>> by_time({"sharpe": {"annual": 0.9}, "trials": {"sharpe_ratios": [0.2, 0.5, 0.9]}})
    ([0.2, 0.5], [0.9])
    """
    trials, own = honest.get("trials") or {}, at(honest, "sharpe", "annual")
    found = list(trials.get("sharpe_ratios") or [])
    n_manual = sum(int(row.get("n") or 0) for row in rows(trials, "by_source") if row.get("kind") == "manual")
    if trials.get("n_trials") == trials.get("n_with_returns") == len(found) and n_manual:
        studies, judged = found[:-n_manual], found[-n_manual:]
    else:
        judged = [v for v in found if is_known(v) and is_known(own) and math.isclose(v, own, rel_tol=1e-9)][-1:]
        studies = [v for v in found if v not in judged]
    return [float(v) for v in studies if is_known(v)], [float(v) for v in judged if is_known(v)]


def _spread(honest: Mapping[str, Any]) -> Markup:
    """The best trials of studies, and apart from them the walk-forwards."""
    look = Look(number, 0.0, bars=True, heading="Trial", value_heading="Sharpe")
    studies, judged = (sorted(each, reverse=True) for each in by_time(honest))
    own = at(honest, "sharpe", "annual")
    parts: list[Any] = []
    if judged:
        named = [
            Track("this recipe" if is_known(own) and math.isclose(v, own, rel_tol=1e-9) else "another recipe", v)
            for v in judged
        ]
        title = "Judged by the walk-forward, Sharpe ratio a year (a later time: not to be compared with those below)"
        parts.append(tracks(named[:MOST_TRIALS], look, title, is_titled=True))
        parts.append(
            folded(
                f"The other {len(named) - MOST_TRIALS}",
                tracks(named[MOST_TRIALS:], look, "Walk-forwards") if named[MOST_TRIALS:] else "",
            )
        )
    if studies:
        listed = [Track(f"{place}.", value) for place, value in enumerate(studies, start=1)]
        few = f", the best {MOST_TRIALS} of {len(listed)}" if len(listed) > MOST_TRIALS else ", best first"
        parts.append(tracks(listed[:MOST_TRIALS], look, f"Tried in studies, Sharpe ratio a year{few}", is_titled=True))
        parts.append(
            folded(
                f"The other {len(listed) - MOST_TRIALS}",
                tracks(listed[MOST_TRIALS:], look, "Other trials") if listed[MOST_TRIALS:] else "",
            )
        )
    return tag("div", *parts) if parts else Markup("")


def _overfitting(honest: Mapping[str, Any]) -> Markup:
    found, title = honest.get("backtest_overfitting"), "Would the best trial stay the best?"
    if not isinstance(found, Mapping) or not is_known(found.get("pbo")):
        why = at(honest, "backtest_overfitting", "reason") or "there are too few trials with returns to choose among"
        return card(title, not_measured("Probability of backtest overfitting", why))
    n_trials = found.get("n_trials")
    if is_known(n_trials) and n_trials < FEWEST_TRIALS:
        why = f"{counted(n_trials, 'trial')} with returns, and it takes {FEWEST_TRIALS} to tell the lower half from not the best"
        return card(title, not_judged("Probability of backtest overfitting", why))
    facts = [
        ("Probability of backtest overfitting", percent(found["pbo"])),
        ("Its interval", f"{percent(found.get('low'))} to {percent(found.get('high'))}"),
        ("Probability of loss", percent(found.get("probability_of_loss"))),
        ("Slope, out of sample on in sample", number(found.get("slope"))),
        (
            "Trials, blocks, combinations",
            ", ".join(number(found.get(n)) for n in ("n_trials", "n_blocks", "n_combinations")),
        ),
    ]
    note = "How often the trial that looks best on one half of time is below the middle on the other half."
    return card(title, pairs(facts), notes([found.get("reason")]), note=note)


def _superior(honest: Mapping[str, Any]) -> Markup:
    found, title = honest.get("superior_ability"), "Is any trial better than doing nothing clever?"
    if not isinstance(found, Mapping) or not is_known(found.get("spa_p_value")):
        return card(title, not_measured("Superior predictive ability", "there are too few trials with returns"))
    facts = [
        ("p-value, studentised", probability(found["spa_p_value"])),
        ("p-value by Hansen (SPA, consistent)", probability(found.get("spa_p_consistent"))),
        (
            "Hansen's lower and upper bound",
            f"{probability(found.get('spa_p_lower'))} and {probability(found.get('spa_p_upper'))}",
        ),
        ("p-value of the reality check", probability(found.get("reality_check_p_value"))),
        ("Models, benchmark", f"{number(found.get('n_models'))}, {label_of(found.get('benchmark') or '–')}"),
    ]
    note = (
        "A small p-value says that at least one trial beats the benchmark by more than the luck of many tries. Read the "
        "studentised one: Hansen's is too small too often where returns depend on each other over time."
    )
    return card(title, pairs(facts), note=note)
