"""docs/backtest.md: its files, its commands and its numbers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from fakes.command_line import trimtab

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "backtest.md").read_text()
FILES = dict(re.findall(r"```csv (\S+)\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = [line.split()[1:] for line in re.findall(r"```text\n(trimtab .*?)\n```", PAGE)]


def test_the_worked_example_is_what_the_commands_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    (simulated, evaluated) = (trimtab(*words).document for words in COMMANDS)
    equity = [point["value"] for point in simulated["equity"]]
    np.testing.assert_allclose(equity, [float(line) for line in FILES["equity"].split()], rtol=1e-12)
    for measure, said in (("total_return", -0.00430), ("sharpe_ratio", -5.90)):
        assert simulated["metrics"][measure] == pytest.approx(evaluated["metrics"][measure], rel=1e-9)
        assert simulated["metrics"][measure] == pytest.approx(said, abs=0.005 * abs(said))


def test_every_option_of_a_cost_is_on_the_page() -> None:
    from dataclasses import fields

    from trimtab.backtest.costs import Costs

    assert [field.name for field in fields(Costs) if f"`{field.name}" not in PAGE] == []
