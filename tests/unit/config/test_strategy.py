from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from trimtab.config.strategy import find_strategy, load_strategies, load_strategy
from trimtab.errors import ConfigurationError, UnknownNameError

GOOD = """
name = "my-strategy"
[universe]
instruments = ["AAPL"]
[label]
kind = "direction"
"""


def write(folder: Path, text: str, name: str = "s.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_absent_sections_take_the_documented_defaults(tmp_path: Path) -> None:
    strategy = load_strategy(write(tmp_path, GOOD))
    assert (strategy.gates.min_accuracy, strategy.gates.max_drawdown) == (0.65, 0.20)
    assert strategy.retraining.cooldown == timedelta(days=3)
    assert [series.key for series in strategy.universe.all_series] == ["AAPL__1d"]


def test_benchmark_is_a_series_but_not_a_forecast_one(tmp_path: Path) -> None:
    strategy = load_strategy(write(tmp_path, GOOD.replace('["AAPL"]', '["AAPL"]\nbenchmark = "SPX"')))
    assert [s.key for s in strategy.universe.all_series] == ["AAPL__1d", "SPX__1d"]
    assert [s.key for s in strategy.universe.series] == ["AAPL__1d"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            GOOD + '[facts]\nfiles = [{ format = "headlines", path = "n.csv", shares = "as_reported" }]',
            "shares is for quarterly_table, not for headlines",
        ),
        (
            GOOD + '[facts]\nfiles = [{ format = "posts", path = "n.csv", channel = "forum" }]',
            "'news' or 'social'",
        ),
        (
            GOOD + '[facts]\nfiles = [{ format = "figures", path = "n.csv", channel = "news" }]',
            "channel is for files of texts, not for figures",
        ),
        (GOOD + "[gates]\nmin_acuracy = 0.7", "unknown key 'gates.min_acuracy'; did you mean 'min_accuracy'?"),
        (GOOD + "[gates]\nmin_accuracy = 7", "'gates.min_accuracy' is 7, but input should be less than or equal to 1"),
        (GOOD + "[tuning]\nn_trials = 'many'", "'tuning.n_trials' is 'many', but input should be a valid integer"),
        (GOOD.replace("direction", "dirction"), "'label.kind' is 'dirction', but input should be 'forward_return'"),
        (
            GOOD.replace('["AAPL"]', '["AAPL"]\ntimeframe = "1y"'),
            "'universe.timeframe' is '1y', but input should be '1m', '5m'",
        ),
        (GOOD.replace('["AAPL"]', '["AAPL", "AAPL"]'), "every instrument may be named once"),
        (GOOD + '[retraining]\ncooldown = "3 days"', "a duration is a whole number and a unit"),
        (GOOD + "[validation]\ninitial_train = 0.95", "initial_train + test must not exceed 1"),
        (
            GOOD.replace("my-strategy", "My Strategy"),
            "'name' is 'My Strategy', but it must be 2 to 63 lower-case letters, digits and hyphens, not a hyphen first",
        ),
        (GOOD + "horizons = [5, 1, 5]", "label.horizons names 5 twice; every horizon"),
        (GOOD + "horizons = 5", "'label.horizons' is 5, but input should be a list, such as [5]"),
        *(
            (
                GOOD + f"[validation]\nstep = {given}",
                f"'validation.step' is {read}, but it must be a share greater than 0 and at most 1, a whole number of bars "
                "from 2, or a duration such as '730d'",
            )
            for given, read in {"0": "0", "-5": "-5", "1.5": "1.5", "true": "True"}.items()
        ),
        (
            GOOD + "[validation]\nstep = '5 bars'",
            "'validation.step' is '5 bars', but a duration is a whole number and a",
        ),
        *(
            (
                GOOD + f"[validation]\nhold_out = {given}",
                f"'validation.hold_out' is {given}, but it must be three shares greater than 0 that sum to 1, such as [0.6",
            )
            for given in (
                "[60, 20, 20]",
                "[0.8, 0.2]",
                "[0.8, 0.2, 0]",
                "0.6",
                "[0.6, 0.2, '0.2']",
                "[0.6, 0.2, 0.2, 'x']",
            )
        ),
        (
            GOOD.replace('["AAPL"]', '["AAPL"]\nresample_from = "1d"'),
            "universe.resample_from is '1d'; it must be shorter than timeframe ('1d')",
        ),
        (GOOD + "[retraining]\nschedule = 'weekley'", "'weekly' or 'monthly'; did you mean 'weekly'?"),
        (GOOD + "[tuning]\nobjectives = ['sharpe']", "'tuning.objectives.0' is 'sharpe'"),
        (
            GOOD + "[model]\nparameters = { l2 = [1.5] }",
            "'model.parameters.l2' is [1.5], but input should be a valid boolean, a valid integer, a valid number or",
        ),
        ("name = ", "is not readable TOML"),
        ("", "key 'name' is missing"),
    ],
)
def test_every_mistake_is_one_sentence_naming_file_and_key(tmp_path: Path, text: str, expected: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load_strategy(path)
    message = str(caught.value)
    assert str(path) in message
    assert expected in message
    assert "\n" not in message.split("is not readable TOML", maxsplit=1)[0]


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (GOOD + "horizons = [0]", ""),  # and the list is too short without it: a follow-up
        (GOOD.replace("kind", "knd"), ""),  # unknown, and missing under its right name
        (GOOD + "[model]\nparameters = { l2 = [1.5] }", ""),  # wrong for each of five types
        (GOOD + "[gates]\nmin_recall = 7\nmin_accuracy = 7", " (and 1 more mistake)"),
        (GOOD + "[gates]\nmin_recall = 7\nmin_accuracy = 7\nmin_precision = 7", " (and 2 more mistakes)"),
        (GOOD.replace("kind", "colour"), " (and 1 more mistake)"),
    ],
)
def test_mistakes_are_counted_by_key_and_not_by_their_consequences(tmp_path: Path, text: str, more: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_strategy(write(tmp_path, text))
    assert str(caught.value).partition(" (and")[2] == more.removeprefix(" (and")


def test_a_missing_file_names_the_files_beside_it(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "other.toml")
    with pytest.raises(ConfigurationError, match=r"absent\.toml does not exist; .* there are: other\.toml"):
        load_strategy(tmp_path / "absent.toml")


def test_an_unreadable_strategy_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ConfigurationError, match=r"s\.toml is not readable TOML"):
        load_strategy(path)
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ConfigurationError, match=r"folder\.toml cannot be read"):
        load_strategy(tmp_path / "folder.toml")


def test_two_files_may_not_share_a_name(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "a.toml")
    write(tmp_path, GOOD, "b.toml")
    with pytest.raises(ConfigurationError, match=r"b\.toml: 'name' is 'my-strategy', which another file"):
        load_strategies(tmp_path)


def test_an_unknown_strategy_lists_the_known_ones(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    with pytest.raises(UnknownNameError, match="unknown strategy 'mine'; allowed: my-strategy"):
        find_strategy(tmp_path, "mine")


def test_the_shipped_strategies_are_valid() -> None:
    shipped = load_strategies(Path(__file__).parents[3] / "strategies")
    assert {"us-equity-direction", "equity-volatility-regime"} <= set(shipped)
