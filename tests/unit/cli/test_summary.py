"""The table at the end of a run, as it stands in a terminal of a hundred columns."""

from __future__ import annotations

from typing import Any

import pytest

from trimtab.cli.summary import print_rows

PASSED: dict[str, Any] = {
    "strategy": "equity-volatility-regime", "dataset": "3f2a9c11aa22", "model": "1.0.0", "accuracy": 0.7012,
    "baseline": 0.648, "p_value": 0.0005, "consistency": 0.92, "verdict": "GOOD", "sharpe": 1.257, "deflated_sharpe": 0.9836,
    "strongest_baseline": "majority", "drift": "insufficient_evidence", "drifted_share": None, "judged_share": 0.33, "decision": "approval_pending", "failed_gates": [],
}  # fmt: skip
REFUSED = PASSED | {
    "strategy": "us-equity-direction", "decision": "refused", "failed_gates": ["accuracy", "baseline_significance"],
}  # fmt: skip
NEW: dict[str, Any] = dict.fromkeys(PASSED) | {"strategy": "new", "failed_gates": []}


def test_no_word_is_cut_in_a_hundred_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    print_rows([PASSED, REFUSED])
    said = capsys.readouterr().out
    for words in (
        "equity-volatility-regime", "us-equity-direction", "dataset 3f2a9c11aa22", "model 1.0.0", "accuracy 70.1%",
        "baseline 64.8%", "commoner class", "share not known", "only 33% judged", "consistency 92.0%", "GOOD", "1.26", "98.4%", "approval_pending", "all gates passed", "refused",
        "baseline_significance",
    ):  # fmt: skip
        assert words in said
    assert "0% drifted" not in said
    assert max(len(line.rstrip()) for line in said.splitlines()) <= 100


def test_a_strategy_that_has_not_run_is_a_row_of_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([NEW])
    said = capsys.readouterr().out
    assert "new" in said and "–" in said and "None" not in said
