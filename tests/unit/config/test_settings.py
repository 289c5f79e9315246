from __future__ import annotations

import re
from pathlib import Path

import pytest

from trimtab.config import load_settings
from trimtab.config.settings import OTHER_VARIABLES, Settings, unknown_variables
from trimtab.errors import ConfigurationError


def test_everything_has_an_embedded_default_under_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.database_url_or_default == f"sqlite:///{tmp_path / 'data' / 'trimtab.db'}"
    assert settings.dagster_home_or_default == tmp_path / "data" / "dagster"


def test_the_environment_wins_over_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("seed = 1\nn_threads = 4\n")
    monkeypatch.setenv("TRIMTAB_SETTINGS_FILE", str(file))
    monkeypatch.setenv("TRIMTAB_SEED", "5")
    settings = load_settings()
    assert (settings.seed, settings.n_threads) == (5, 4)


def test_a_wrong_setting_names_the_variable_or_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("sead = 1\n")
    with pytest.raises(ConfigurationError, match=r"mine\.toml: unknown key 'sead'; did you mean 'seed'\?"):
        load_settings(file)
    monkeypatch.setenv("TRIMTAB_N_THREADS", "none")
    with pytest.raises(ConfigurationError, match="the environment: 'TRIMTAB_N_THREADS' is 'none'"):
        load_settings()


def test_a_missing_settings_file_is_an_error_when_it_was_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"settings file .*absent\.toml does not exist"):
        load_settings(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TRIMTAB_MLFLOW_URI", "nothing", "it must be a URI with its scheme, such as 'sqlite:///mlflow.db'"),
        ("TRIMTAB_REFRESH_CRON", "daily", "it must be five fields in cron's words"),
        ("TRIMTAB_SOURCE_BASE_URL", "here", "it must be an address that begins with http:// or https://"),
        ("TRIMTAB_TRACKING", "mlfow", "'auto', 'lake', 'mlflow' or 'none'; did you mean 'mlflow'?"),
        ("TRIMTAB_DEVICE", "cuda0", "'auto', 'cpu' or 'cuda'; did you mean 'cuda'?"),
        ("TRIMTAB_QUALITY__WINDOW", "x", "'TRIMTAB_QUALITY__WINDOW' is 'x', but input should be a valid integer"),
        ("TRIMTAB_QUALITY__WINDO", "9", "unknown key 'TRIMTAB_QUALITY__WINDO'; did you mean 'window'?"),
    ],
)
def test_a_wrong_variable_is_told_in_words_and_never_by_its_pattern(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert said in str(caught.value)
    assert "pattern" not in str(caught.value) and "^" not in str(caught.value)


def test_networks_train_where_there_is_cuda_unless_the_setting_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIMTAB_DEVICE", raising=False)
    assert load_settings().device == "auto"
    monkeypatch.setenv("TRIMTAB_DEVICE", "cpu")
    assert load_settings().device == "cpu"


def test_a_variable_that_nothing_reads_is_told_with_the_nearest_name() -> None:
    (told,) = unknown_variables({"TRIMTAB_N_THREAD": "4", "OTHER_N_THREAD": "4"})
    assert told == (
        "the variable TRIMTAB_N_THREAD is set, but trimtab reads none of that name; did you mean TRIMTAB_N_THREADS?"
    )
    (told,) = unknown_variables({"TRIMTAB_ZZZ": "4"})
    assert told.endswith("reads none of that name")


def test_every_variable_named_anywhere_in_the_sources_is_known() -> None:
    root = Path(__file__).parents[3]
    sources = [
        path.read_text(encoding="utf-8") for part in ("src", "dagster_project") for path in (root / part).rglob("*.py")
    ]
    named = set(re.findall(r"[\"'`](TRIMTAB_[A-Z_]*[A-Z])\b", "\n".join(sources))) - {"TRIMTAB_DATADIR"}
    assert {"TRIMTAB_DEBUG", "TRIMTAB_DAGSTER_POSTGRES_URL", "TRIMTAB_SETTINGS_FILE"} <= named
    assert unknown_variables(dict.fromkeys(named | OTHER_VARIABLES, "")) == ()
    assert unknown_variables({f"TRIMTAB_{name.upper()}": "" for name in Settings.model_fields}) == ()
