from __future__ import annotations

from collections.abc import Mapping

from trimtab.models.nesting import inner_context
from trimtab.models.protocol import FitContext


def test_steps_of_inner_models_are_told_under_their_names() -> None:
    told: list[str] = []

    class Listener:
        def step(self, number: int, total: int | None, values: Mapping[str, float]) -> None:
            told.extend(values)

    inner = inner_context(FitContext(0, 1, watch=Listener()), "member_1")
    inner_context(inner, "model").watch.step(1, 2, {"train_loss": 0.5})
    inner_context(inner, "part", is_watched=False).watch.step(1, 2, {"train_loss": 0.5})
    assert told == ["member_1.model.train_loss"]
