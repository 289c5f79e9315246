"""`--help` answers at once, because no command imports a heavy library before it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer import main as typer_main

from trimtab.cli.app import app

HEAVY = (
    "numpy", "pandas", "pyarrow", "scipy", "sklearn", "lightgbm", "xgboost", "sqlalchemy", "alembic", "optuna",
    "matplotlib", "dagster", "numba", "talib", "duckdb", "exchange_calendars", "torch", "mlflow",
)  # fmt: skip
PROBE = """
import sys
from trimtab.cli.app import run_cli
try:
    run_cli(sys.argv[1:])
except SystemExit as left:
    assert not left.code, left.code
print("HEAVY:", *sorted(name for name in sys.modules if name in {heavy}))
"""


def commands() -> Iterator[tuple[str, ...]]:
    """Every command and group of commands."""
    yield ()
    for name, command in typer_main.get_command(app).commands.items():  # type: ignore[attr-defined]  # a group
        yield (name,)
        yield from ((name, inner) for inner in getattr(command, "commands", ()))


@pytest.mark.parametrize("words", list(commands()), ids=lambda words: " ".join(words) or "trimtab")
def test_help_imports_no_heavy_library(words: tuple[str, ...]) -> None:
    probe = PROBE.format(heavy=set(HEAVY))
    # A setting in the environment is looked at by every command, but not to say what the command does.
    environment = {**os.environ, "TRIMTAB_SEED": "7"}
    command = [sys.executable, "-c", probe, *words, "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout
    assert done.stdout.splitlines()[-1] == "HEAVY:"


def test_the_library_is_imported_without_the_orchestrator() -> None:
    probe = "import sys, pkgutil, importlib, trimtab\n"
    probe += "for m in pkgutil.walk_packages(trimtab.__path__, 'trimtab.'):\n"
    probe += "    'migrations' in m.name or importlib.import_module(m.name)\n"
    probe += "print([name for name in sys.modules if name.split('.')[0] in ('dagster', 'dagster_project')])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
