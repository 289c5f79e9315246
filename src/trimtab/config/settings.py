"""Settings of one installation, from the environment and an optional settings file.

Every setting has an embedded default: without any configuration the lake, the registry and
Dagster live under `data/`. The environment (`TRIMTAB_...`) wins over `trimtab.toml`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from trimtab.config.quality import CheckLimits
from trimtab.config.reading import explain, read_toml

SETTINGS_FILE_VARIABLE = "TRIMTAB_SETTINGS_FILE"
DEFAULT_SETTINGS_FILE = Path("trimtab.toml")
ENV_PREFIX = "TRIMTAB_"
# Variables of trimtab that are no settings: read by the command line, by Dagster's part or by the tests.
OTHER_VARIABLES = frozenset(
    {
        SETTINGS_FILE_VARIABLE,
        "TRIMTAB_DEBUG",
        "TRIMTAB_DAGSTER_POSTGRES_URL",
        "TRIMTAB_SENSOR_INTERVAL_SECONDS",
        "TRIMTAB_TEST_DATA",
        "TRIMTAB_WRITE_ASSET_GRAPH",
    }
)
# What a text must look like, in words: said in place of the pattern it is checked with.
_CRON = "five fields in cron's words, minute first, such as '0 6 * * *' for six in the morning"
_ADDRESS = "an address that begins with http:// or https://, such as 'https://mirror.example'"
_URI = "a URI with its scheme, such as 'sqlite:///mlflow.db' or 'http://localhost:5000'"


class Settings(BaseSettings):
    """Where things are and how much of the machine may be used.

    Attributes
    ----------
    data_dir: the lake; made on first write.
    database_url: the registry database; `sqlite:///<data_dir>/trimtab.db` when absent.
    strategies_dir: the folder with one TOML file per strategy.
    dagster_home: Dagster's own folder; `<data_dir>/dagster` when absent.
    seed: the seed of everything random.
    n_threads: cores training may use: folds side by side, or threads of one large training.
    publication_lag_seconds: seconds from a bar's close until a source shows it.
    database_timeout_seconds: how long a writer waits for another one before it gives up.
    refresh_cron: when bars are refreshed by themselves, in cron's words, UTC.
    quality: where the checks on bars begin to object.
    inbox_dir: the folder whose bar files are ingested as they arrive; `<data_dir>/inbox` when absent.
    inbox_settle_seconds: how long a file in the inbox must have been left alone to count as written.
    network_timeout_seconds: how long one request to a network source may take.
    network_attempts: how often a request is tried before the source counts as down.
    source_base_url: another address to ask instead of a network source's own: a mirror, a recording.
    tracking: where runs are recorded: "lake" in plain files, "mlflow" in MLflow too, "none" nowhere; "auto" is
        "mlflow" where MLflow is installed and "lake" elsewhere.
    mlflow_uri: MLflow's own tracking URI; `sqlite:///<data_dir>/mlflow.db` when absent.
    device: where networks are trained: "cpu", "cuda", or "auto" for CUDA where there is one; CUDA that is absent
        is refused when a network is about to be trained.
    now: stops the clock at a time with a zone, for demonstrations and tests on the simulated market.
    """

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    data_dir: Path = Path("data")
    database_url: str | None = None
    strategies_dir: Path = Path("strategies")
    dagster_home: Path | None = None
    seed: int = Field(default=7, ge=0, lt=2**31)
    n_threads: int = Field(default=2, ge=1, le=256)
    publication_lag_seconds: float = Field(default=0.0, ge=0.0)
    database_timeout_seconds: float = Field(default=30.0, gt=0.0, le=3600.0)
    refresh_cron: str = Field(default="0 6 * * *", pattern=r"^(\S+ ){4}\S+$", description=_CRON)
    quality: CheckLimits = CheckLimits()
    inbox_dir: Path | None = None
    inbox_settle_seconds: float = Field(default=10.0, ge=0.0)
    network_timeout_seconds: float = Field(default=20.0, gt=0.0, le=600.0)
    network_attempts: int = Field(default=5, ge=1, le=20)
    source_base_url: str | None = Field(default=None, pattern=r"^https?://", description=_ADDRESS)
    tracking: Literal["auto", "lake", "mlflow", "none"] = "auto"
    mlflow_uri: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9+]*:", description=_URI)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    now: AwareDatetime | None = None

    @property
    def inbox_dir_or_default(self) -> Path:
        """The folder that is watched for bar files."""
        return self.inbox_dir or self.data_dir / "inbox"

    @property
    def database_url_or_default(self) -> str:
        """The registry database, with the embedded default filled in."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'trimtab.db').resolve()}"

    @property
    def dagster_home_or_default(self) -> Path:
        """Dagster's folder, absolute as Dagster wants it."""
        return (self.dagster_home or self.data_dir / "dagster").resolve()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The values handed to the constructor are those of the settings file: the environment wins.
        return env_settings, init_settings


def load_settings(file: Path | None = None) -> Settings:
    """Read the settings; a wrong one raises `ConfigurationError` naming file, key and value."""
    named = file or (Path(os.environ[SETTINGS_FILE_VARIABLE]) if SETTINGS_FILE_VARIABLE in os.environ else None)
    values: dict[str, Any] = {}
    where = "the environment"
    if named is not None or DEFAULT_SETTINGS_FILE.is_file():
        path = named or DEFAULT_SETTINGS_FILE
        values, where = read_toml(path, "settings file"), str(path)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise explain(error, where, Settings, values, env_prefix=ENV_PREFIX) from None


def unknown_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each `TRIMTAB_...` variable that nothing reads, so that a misspelt one does not pass unseen.

    >>> print(*unknown_variables({"TRIMTAB_SEED": "1", "TRIMTAB_DATADIR": "lake"}))
    the variable TRIMTAB_DATADIR is set, but trimtab reads none of that name; did you mean TRIMTAB_DATA_DIR?
    """
    known = sorted({ENV_PREFIX + name.upper() for name in Settings.model_fields} | OTHER_VARIABLES)
    sentences = []
    for name in sorted(environment):
        if name.startswith(ENV_PREFIX) and name.partition("__")[0] not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.8)
            hint = f"; did you mean {close[0]}?" if close else ""
            sentences.append(f"the variable {name} is set, but trimtab reads none of that name{hint}")
    return tuple(sentences)
