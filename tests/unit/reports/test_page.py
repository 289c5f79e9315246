from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest
from fakes import evidence_documents as made

from trimtab.reports.evidence import ModelEvidence
from trimtab.reports.page import model_page

SECTIONS = [
    "gates", "trading", "folds", "outcomes", "importance", "conditions", "honesty", "surface", "robustness", "leaks", "identity",
]  # fmt: skip
VARIANTS = {"refused": made.evidence(), "approved": made.approved(), "nothing measured": made.nothing_measured()}


def parsed(evidence: ModelEvidence) -> ET.Element:
    kind, _, rest = model_page(evidence).partition("\n")
    assert kind == "<!DOCTYPE html>"
    return ET.fromstring(rest)


def text_of(evidence: ModelEvidence) -> str:
    body = parsed(evidence).find("body")
    assert body is not None
    return re.sub(r"\s+", " ", " ".join(body.itertext()))


@pytest.mark.parametrize("name", VARIANTS)
def test_the_page_is_well_formed_and_has_every_section_with_its_title(name: str) -> None:
    page = parsed(VARIANTS[name])
    assert [section.attrib["id"] for section in page.iter("section")] == SECTIONS
    ids = [element.attrib["id"] for element in page.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    assert all(section.attrib["aria-labelledby"] in ids for section in page.iter("section"))


@pytest.mark.parametrize("name", VARIANTS)
def test_every_drawing_has_a_text_and_every_table_a_caption(name: str) -> None:
    page = parsed(VARIANTS[name])
    drawings = [svg for svg in page.iter("svg") if svg.attrib.get("aria-hidden") != "true"]
    assert all(svg.attrib["aria-label"] and svg.find("title") is not None for svg in drawings)
    assert all(table.find("caption") is not None for table in page.iter("table"))


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_is_fetched_and_nothing_is_run(name: str) -> None:
    text = model_page(VARIANTS[name])
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|src=|https?://|\son\w+=", text)
    policies = [meta.attrib["content"] for meta in parsed(VARIANTS[name]).iter("meta") if "http-equiv" in meta.attrib]
    assert [policy.split(";")[0] for policy in policies] == ["default-src 'none'"]


def test_what_was_not_measured_says_so_and_why_and_is_no_empty_drawing() -> None:
    page, text = parsed(made.nothing_measured()), text_of(made.nothing_measured())
    assert "The stage honesty_report has not run." in text
    assert "The walk-forward: not measured." in text
    assert not list(page.iter("svg"))
    assert "None" not in text
    assert "nan" not in text


def test_both_answers_about_superior_ability_are_shown_and_which_to_read() -> None:
    text = text_of(made.evidence())
    studentised, hansen = text.index("p-value, studentised"), text.index("p-value by Hansen")
    assert "0.62" in text[studentised:hansen]
    assert "0.55" in text[hansen : hansen + 80]
    assert "Read the studentised one" in text


@pytest.mark.parametrize(
    "name", ["walk_forward", "backtest", "honesty", "robustness", "model_leaks", "dataset_leaks", "drift"]
)
def test_any_one_document_may_be_missing(name: str) -> None:
    whole = made.evidence()
    kept = {key: document for key, document in whole.documents.items() if key != name}
    text = text_of(replace(whole, documents=kept, why_missing={name: "nobody asked"}))
    assert ("Nobody asked." in text) == (name != "drift")


def hollow(value: Any) -> Any:
    """The same document with every number unknown."""
    if isinstance(value, dict):
        return {key: hollow(each) for key, each in value.items()}
    if isinstance(value, list):
        return [hollow(each) for each in value]
    return value if isinstance(value, str) else None


def test_documents_whose_every_number_is_unknown_give_dashes() -> None:
    whole = made.evidence()
    emptied = replace(whole, documents={name: hollow(document) for name, document in whole.documents.items()})
    text = text_of(emptied)
    assert "None" not in text
    assert "–" in text


def test_documents_with_empty_lists_give_a_reason_instead_of_an_empty_table() -> None:
    whole = made.evidence()
    emptied = {
        name: {key: [] if isinstance(value, list) else value for key, value in document.items()}
        for name, document in whole.documents.items()
    }
    page = parsed(replace(whole, documents=emptied))
    assert all(table.find("tbody/tr") is not None for table in page.iter("table") if table.find("tbody") is not None)


def test_a_text_of_the_strategy_file_cannot_become_markup() -> None:
    attack = '<script>alert(1)</script>"><img src=x>'
    walk_forward = made.walk_forward()
    walk_forward["folds"][0]["name"] = attack
    evidence = made.evidence(
        strategy=attack, description=attack, algorithm=attack, documents={"walk_forward": walk_forward},
        importance=[{"feature": attack, "native": 0.5, "permutation": None}], parameters={attack: attack},
        identity=[(attack, attack)], commands=[(attack, attack)],
    )  # fmt: skip
    text = model_page(evidence)
    assert "<script" not in text
    assert "<img" not in text
    assert text_of(evidence).count("<script>alert(1)</script>") >= 6


def test_the_same_evidence_gives_the_same_bytes() -> None:
    assert model_page(made.evidence()) == model_page(made.evidence())


def test_the_headline_numbers_are_those_of_the_documents() -> None:
    tiles = [re.sub(r"\s+", " ", " ".join(t.itertext())) for t in parsed(made.evidence()).iter("div") if t.attrib.get("class", "").startswith("tile ") or t.attrib.get("class") == "tile"]  # fmt: skip
    assert len(tiles) == 6
    accuracy, sharpe, deflated, fallen, p_value, drifted = tiles
    assert "50.8 %" in accuracy
    assert "49.0 % to 52.6 % (95 % interval)" in accuracy
    assert "51.1 % always saying the commoner class" in accuracy
    assert "0.40" in sharpe
    assert "0.51 buy and hold" in sharpe
    assert "0.120" in deflated
    assert "after 15 trials" in deflated
    assert "\u221218.0 %" in fallen
    assert "0.594" in p_value
    assert "p-value, if it were no better than always saying the commoner class" in p_value
    assert "0.0 %" in drifted


def test_a_regression_shows_quantiles_and_says_why_there_is_no_matrix() -> None:
    judged = made.walk_forward() | {"task": "regression", "confusion_matrix": None, "reliability": None}
    text = text_of(made.evidence(documents={"walk_forward": judged}))
    assert "This is a regression, it says a number." in text
    assert "Low and high forecasts" in text


@pytest.mark.parametrize(
    ("n_leaks", "n_failed", "said"),
    [
        (0, 0, "No leak was found"),
        (0, None, "not ruled out"),
        (2, None, "Something was found"),
        (0, 1, "Something was found"),
    ],
)
def test_only_what_was_checked_and_found_clean_is_called_free_of_leaks(
    n_leaks: int | None, n_failed: int | None, said: str
) -> None:
    documents = {
        "dataset_leaks": made.dataset_leaks() | {"n_leaks": n_leaks},
        "model_leaks": made.model_leaks() | {"n_failed": n_failed},
    }
    text = text_of(made.evidence(documents=documents))
    assert said in text
    assert ("No leak was found" in text) == (n_leaks == 0 == n_failed)


def test_a_drawing_names_the_rule_it_compares_with() -> None:
    text = text_of(made.evidence())
    # The walk-forward's folds know both rules, and the better is drawn; the robustness report compares with one.
    assert "Upright tick: always saying the commoner class." in text
    assert "Upright tick: the best rule without skill on the same rows" in text
    assert "always saying no 70.0 %" in text


def test_drift_that_nobody_could_judge_is_not_called_nought() -> None:
    drift = {"status": "insufficient_evidence", "drifted_share": 0.0, "judged_share": 0.33}
    whole = made.evidence()
    text = text_of(replace(whole, documents={**whole.documents, "drift": drift}))
    tile = text[text.index("Features that drifted") :][:120]
    assert "not known" in tile and "only 33 % of its features could be judged" in tile
    assert "0.0 %" not in tile
    assert "Whether the market has changed since it was trained is not known: only 33 %" in text


def test_a_passed_version_says_what_speaks_against_it_and_invents_nothing() -> None:
    text = text_of(made.approved())
    said = text[text.index("What speaks against it") : text.index("Gates")]
    for wanted in ("not shown to earn more than buy and hold of the instruments (p 0.700", "SPA, p 0.620", "In 57 % of the cuts",
                   "interval 30 % to 81 %", "breaks even at 7.3 basis points per side, and pays 10.0"):  # fmt: skip
        assert wanted in said, wanted
    assert "What speaks against it" not in text_of(made.evidence())
    assert "What speaks against it" not in text_of(made.nothing_measured())


def test_answers_in_its_favour_are_no_doubts() -> None:
    good = {
        "backtest": made.backtest() | {"against_benchmark": {"p_value": 0.01}, "break_even_cost_bps": 90.0, "surface": {}},
        "honesty": made.honesty() | {"backtest_overfitting": {"pbo": 0.1, "low": 0.05, "high": 0.2, "n_trials": 12}, "superior_ability": {"spa_p_value": 0.01}},
        "robustness": {"regimes": [{"kind": "trend", "regime": "up", "accuracy": 0.7, "baseline_accuracy": 0.6, "base_rate": 0.5}]},
    }  # fmt: skip
    assert "What speaks against it" not in text_of(replace(made.approved(), documents=good))


def test_the_probability_of_overfitting_of_two_trials_is_not_judged() -> None:
    few = made.honesty()
    few["backtest_overfitting"] |= {"n_trials": 2}
    text = text_of(replace(made.approved(), documents={"honesty": few}))
    assert "Probability of backtest overfitting: not judged. 2 trials with returns" in text
    assert "57" not in text[text.index("Would the best trial") :][:200]


def test_a_stress_period_is_shown_with_its_interval() -> None:
    assert "41 % to 55 %" in text_of(made.evidence())


def test_everything_that_a_reader_must_find_is_on_the_page() -> None:
    text = text_of(made.evidence())
    for wanted in ("SPX", "2025 convention", "57.0 %", "tuning", "high volatility", "2008 crisis", "AAPL", "long",
                   "candlesticks", "num leaves", "Labels permuted", "trimtab run --strategy us-equity-direction",
                   "0d544e04" * 8, "7.3 basis points", "1 order could not be filled", "p, Diebold-Mariano"):  # fmt: skip
        assert wanted in text, wanted
