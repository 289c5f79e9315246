from __future__ import annotations

from pathlib import Path

import pytest

from trimtab.config import load_settings
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
