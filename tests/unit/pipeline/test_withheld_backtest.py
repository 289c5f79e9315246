from __future__ import annotations

import json

import pytest

from trimtab.config.strategy import Label, Strategy
from trimtab.pipeline.withheld_backtest import why_withheld, withheld_document


def asking(**label: object) -> Strategy:
    return Strategy.model_validate(
        {
            "name": "mine",
            "universe": {"source": "simulated", "instruments": ["AAA"]},
            "features": {"names": ["return_1"], "sets": []},
            "label": label,
            "model": {"algorithm": "linear"},
        }
    )


def test_samples_that_were_chosen_by_their_future_are_not_traded() -> None:
    why = why_withheld(asking(kind="direction", neutral_band=0.01))
    assert why.startswith("not traded: with neutral_band = 0.01")
    assert "set neutral_band = 0" in why


@pytest.mark.parametrize(
    "label",
    [
        Label(kind="direction", neutral_band=0.0),
        Label(kind="forward_return", neutral_band=0.01),  # which that label never reads
        Label(kind="triple_barrier", neutral_band=0.01),
        Label(kind="volatility_regime"),
    ],
)
def test_every_other_strategy_is_traded(label: Label) -> None:
    assert why_withheld(asking(**label.model_dump())) == ""


def test_the_document_says_why_and_knows_nothing_else() -> None:
    found = json.loads(json.dumps(withheld_document("why", ("sharpe_ratio",), 252.0), allow_nan=False))
    assert found["withheld"] == found["break_even_reason"] == "why"
    assert found["metrics"] == found["benchmark"] == {"sharpe_ratio": None}
    assert not any(found[name] for name in ("equity", "trades", "intervals", "surface", "market", "against_benchmark"))
