"""What the Sharpe ratio is worth once everything that was tried is counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.reports.blocks import card, cards, label_of, not_measured, notes, pairs, section, table
from trimtab.reports.charts.tracks import Look, Track, tracks
from trimtab.reports.evidence import ModelEvidence, at, rows
from trimtab.reports.markup import Markup
from trimtab.reports.wording import count, counted, is_known, number, percent, probability, words

QUESTIONS = {
    "probabilistic_sharpe_ratio": ("Probability that the true Sharpe ratio is above nought", probability),
    "deflated_sharpe_ratio": ("Probability that it is above the luck of the best of all trials", probability),
    "minimum_track_record_length": ("Periods needed to be sure of it", lambda v: number(v, 0)),
}
CONVENTIONS = {"classic": "classic convention", "null_variance": "2025 convention"}
MOST_TRIALS = 15


def honesty(evidence: ModelEvidence) -> Markup:
    """Trials, deflated Sharpe ratio by both conventions, overfitting, superior ability."""
    honest, title = evidence.document("honesty"), "Honesty: how much of it is luck"
    if not honest:
        return section("honesty", title, not_measured("What luck explains", evidence.why("honesty")))
    shown = cards(_sharpe(honest), _trials(honest), _overfitting(honest), _superior(honest))
    return section("honesty", title, shown, notes(honest.get("notes") or ()), lede=_lede(honest))


def _lede(honest: Mapping[str, Any]) -> str:
    trials, gate = honest.get("trials") or {}, at(honest, "conventions", "gate") or "classic"
    if not is_known(trials.get("n_trials")):
        return ""
    tried = (
        f"{counted(trials['n_trials'], 'trial')} counted, worth {number(trials.get('n_effective'), 1)} independent ones"
    )
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
    return card("The Sharpe ratio", table(shown, columns, "Both conventions"), pairs(facts), notes(said))


def _trials(honest: Mapping[str, Any]) -> Markup:
    trials = honest.get("trials") or {}
    facts = [
        ("Trials", number(trials.get("n_trials"))),
        ("With returns", number(trials.get("n_with_returns"))),
        ("Effective, independent", number(trials.get("n_effective"), 1)),
        ("Spread of their Sharpe ratios", number(trials.get("sharpe_std_annual"))),
    ]
    facts += [(f"Effective, by {words(name)}", number(v, 1)) for name, v in (trials.get("estimates") or {}).items()]
    sources = [
        {"study": str(r.get("study")), "kind": words(r.get("kind")), "dataset": str(r.get("dataset") or "")[:12], "n": r.get("n")}
        for r in rows(trials, "by_source")
    ]  # fmt: skip
    columns = {"study": "Study", "kind": "Kind", "dataset": "Dataset", "n": "Trials"}
    listed = table(sources, columns, "Trials by study", is_titled=True) if sources else ""
    return card("Everything that was tried", pairs(facts), listed, _spread(trials))


def _spread(trials: Mapping[str, Any]) -> Markup:
    found = sorted((float(v) for v in trials.get("sharpe_ratios") or [] if is_known(v)), reverse=True)
    if not found:
        return Markup("")
    shown = [Track(f"{place}.", value) for place, value in enumerate(found[:MOST_TRIALS], start=1)]
    more = f" The best {MOST_TRIALS} of {len(found)}." if len(found) > MOST_TRIALS else ""
    look = Look(number, 0.0, bars=True, heading="Trial", value_heading="Sharpe")
    return tracks(shown, look, f"Sharpe ratio a year of the trials, best first.{more}", is_titled=True)


def _overfitting(honest: Mapping[str, Any]) -> Markup:
    found, title = honest.get("backtest_overfitting"), "Would the best trial stay the best?"
    if not isinstance(found, Mapping) or not is_known(found.get("pbo")):
        why = at(honest, "backtest_overfitting", "reason") or "there are too few trials with returns to choose among"
        return card(title, not_measured("Probability of backtest overfitting", why))
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
        ("p-value of the SPA test", probability(found["spa_p_value"])),
        (
            "Its lower and upper bound",
            f"{probability(found.get('spa_p_lower'))} and {probability(found.get('spa_p_upper'))}",
        ),
        ("p-value of the reality check", probability(found.get("reality_check_p_value"))),
        ("Models, benchmark", f"{number(found.get('n_models'))}, {label_of(found.get('benchmark') or '–')}"),
    ]
    note = "A small p-value says that at least one trial beats the benchmark by more than the luck of many tries."
    return card(title, pairs(facts), note=note)
