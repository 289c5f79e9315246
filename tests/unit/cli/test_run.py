"""`trimtab run` reads the strategy files first: a mistake in them is said before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimtab.cli.run import refuse_unknown
from trimtab.errors import ConfigurationError, UnknownNameError

STRATEGY = """
name = "{name}"
[universe]
instruments = ["AAPL"]
[label]
kind = "direction"
"""


@pytest.fixture
def strategies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(tmp_path))
    (tmp_path / "sound.toml").write_text(STRATEGY.format(name="sound"))
    return tmp_path


def write(folder: Path, more: str) -> None:
    (folder / "broken.toml").write_text(STRATEGY.format(name="broken") + more)


def test_sound_strategies_are_let_through(strategies: Path) -> None:
    refuse_unknown([])
    refuse_unknown(["sound"])
    with pytest.raises(UnknownNameError, match="unknown strategy 'sond'; did you mean 'sound'"):
        refuse_unknown(["sond"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[features]\nsets = ["nope"]', r"strategy 'broken': unknown feature set 'nope'"),
        ('[features]\nnames = ["rsi_99"]', r"strategy 'broken': unknown feature 'rsi_99'; did you mean 'rsi_"),
        (
            '[facts]\nfiles = [{ format = "headlines", path = "nowhere.csv" }]',
            r"strategy 'broken': there is no file nowhere.csv of facts",
        ),
    ],
)
def test_an_input_that_does_not_exist_is_refused_for_the_strategies_that_would_run(
    strategies: Path, more: str, said: str
) -> None:
    write(strategies, more)
    with pytest.raises(ConfigurationError, match=said):
        refuse_unknown([])
    refuse_unknown(["sound"])  # the others may be run
