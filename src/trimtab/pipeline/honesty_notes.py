"""What a reader of the honesty numbers must know to read them right, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def notes_of(document: Mapping[str, Any], no_overfitting: str, withheld: str = "") -> list[str]:
    """The sentences that go with a document of the honesty stage.

    `no_overfitting` says why there is no probability of overfitting, `withheld` why there is no account at all.
    """
    if withheld:
        return [
            f"Nothing is known about the account: {withheld}.",
            f"{document['trials']['n_trials']} trials count; none of them is traded, for the same reason.",
        ]
    return [
        *_about_trials(document),
        *_about_sharpe(document),
        *_about_the_market(document),
        *_about_overfitting(document, no_overfitting),
    ]


def _about_trials(document: Mapping[str, Any]) -> Iterator[str]:
    trials = document["trials"]
    n, n_unknown = trials["n_trials"], trials["n_trials"] - trials["n_with_returns"]
    if n == 1:
        yield "One trial was made, so nothing was chosen and the deflated Sharpe ratio is the probabilistic one."
        return
    by_kind = {kind: sum(s["n"] for s in trials["by_source"] if s["kind"] == kind) for kind in ("tuning", "manual")}
    yield (
        f"{n} trials count: {by_kind['tuning']} of studies and {by_kind['manual']} looks of a person, "
        f"on any dataset of this strategy and label; they are worth {trials['n_effective']} independent ones."
    )
    if n_unknown:
        yield f"The forecasts of {n_unknown} trials were not kept or cannot be traded; each counts as independent."
    yield (
        "Trials of studies are traded by the rule and costs of today, out of fold on the time before the first test, by "
        "models that had also learnt from later rows; looks of a person on the time after, each by the rule and costs it "
        "was looked at with. Correlations are measured within each of the two, and a trial of one counts as independent "
        "of those of the other."
    )


def _about_sharpe(document: Mapping[str, Any]) -> Iterator[str]:
    sharpe, needed = document["sharpe"], document["minimum_track_record_length"]["classic"]
    if sharpe["per_period"] is None:
        yield "The account never varied, so it has no Sharpe ratio and nothing can be said about luck."
        return
    if document["deflated_sharpe_ratio"]["classic"] is None:
        yield (
            "Fewer than two trials have returns that can be compared, so how far luck alone spreads them is not known, "
            "and neither is the deflated Sharpe ratio; run the stage tuning_study, which keeps the forecasts of its trials."
        )
    if needed is None:
        yield "The Sharpe ratio is not above zero, so a track record of any length would not show skill."
    elif needed > sharpe["n_periods"]:
        yield (
            f"The track record has {sharpe['n_periods']} bars; one with this Sharpe ratio needs {needed:,.0f} to be "
            "above zero with 95 % confidence."
        )


def _about_the_market(document: Mapping[str, Any]) -> Iterator[str]:
    held, superior = document["sharpe"]["buy_and_hold_annual"], document["superior_ability"] or {}
    if held is not None:
        yield (
            f"These probabilities ask whether the Sharpe ratio is above zero, not above the market: buying and holding "
            f"the instruments had {held:.2f} per year over the same bars, without costs."
        )
    p_value = superior.get("spa_p_value")
    if p_value is not None and p_value > 0.05:
        yield (
            f"On the tuning time no trial of a study returned more than {superior['benchmark']} by more than luck "
            f"explains (superior predictive ability, studentised p {p_value:.2f})."
        )


def _about_overfitting(document: Mapping[str, Any], why_not: str) -> Iterator[str]:
    found = document["backtest_overfitting"]
    if found is None:
        yield f"The probability of backtest overfitting is not known: {why_not}."
        return
    yield (
        f"The probability of backtest overfitting compares the {found['n_trials']} trials of studies that traded "
        f"differently on {found['n_rows']} bars; about 0.5 is what choosing among trials without skill gives."
    )
