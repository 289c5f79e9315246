"""What the command line says before any command is at work."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from trimtab.cli.app import app


def test_a_variable_that_nothing_reads_is_told_beside_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(tmp_path))
    silent = CliRunner().invoke(app, ["strategies", "list", "--json"])
    monkeypatch.setenv("TRIMTAB_STRATEGY_DIR", str(tmp_path))
    told = CliRunner().invoke(app, ["strategies", "list", "--json"])
    assert (told.exit_code, told.stdout) == (0, silent.stdout)
    assert "TRIMTAB_STRATEGY_DIR" not in silent.stderr
    assert "TRIMTAB_STRATEGY_DIR is set, but" in told.stderr
    assert "did you mean TRIMTAB_STRATEGIES_DIR?" in told.stderr
