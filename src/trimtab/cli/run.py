"""`trimtab run`: bars to decision through Dagster, then one table of what came out."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trimtab.errors import ConfigurationError

if TYPE_CHECKING:
    from trimtab.config import Settings, Strategy

PROJECT_FILE = Path("dagster_project") / "definitions.py"


def run(
    strategy: list[str] = typer.Option([], help="Run only this strategy; may be repeated. All when absent."),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """Run the pipeline from bars to decision; what is unchanged is not done again."""
    require_dagster("dagster")
    command = [sys.executable, "-m", "dagster_project.launch", "run"]
    command += [part for name in strategy for part in ("--strategy", name)]
    command += ["--debug"] if debug or os.environ.get("TRIMTAB_DEBUG") else []
    with contextlib.chdir(project_root(Path.cwd())):
        refuse_unknown(strategy)
        from trimtab.cli.run_progress import progress_shown
        from trimtab.cli.summary import print_summary
        from trimtab.config import load_settings
        from trimtab.storage.lake import open_lake
        from trimtab.tracking.run_store import RunStore

        settings = load_settings()
        # A process of its own: the library never imports Dagster, and Ctrl-C ends one thing.
        with progress_shown(RunStore.of(open_lake(settings))):
            code = subprocess.run(command, check=False).returncode
        if code:
            raise typer.Exit(1)  # the reason has been said
        print_summary(settings, strategy)
        _copy_to_mlflow(settings)


def _copy_to_mlflow(settings: Settings) -> None:
    """Show the new runs in MLflow too, where that is wanted; a failure there is told and fails nothing."""
    from trimtab.pipeline.tracking import try_to_mirror
    from trimtab.pipeline.workspace import Workspace

    warning = try_to_mirror(Workspace.open(settings))
    if warning:
        typer.secho(f"trimtab: {warning}", fg=typer.colors.YELLOW, err=True)


def refuse_unknown(names: list[str]) -> None:
    """Read the strategy files first: a mistake in them is said at once, not after Dagster has started."""
    from trimtab.config import load_settings, load_strategies
    from trimtab.errors import UnknownNameError

    folder = load_settings().strategies_dir
    strategies = load_strategies(folder)
    for name in names:
        if name not in strategies:
            raise UnknownNameError("strategy", name, strategies, where=f"{folder}: ")
    for name in names or strategies:
        _refuse_unknown_inputs(strategies[name])


def _refuse_unknown_inputs(strategy: Strategy) -> None:
    """Feature sets and features that do not exist, and files of facts that are not there."""
    from trimtab.errors import UnknownNameError
    from trimtab.features.catalogue import resolve

    where = f"strategy '{strategy.name}': "
    try:
        resolve(strategy.features.sets, strategy.features.names)
    except UnknownNameError as error:
        raise UnknownNameError(error.kind, error.given, error.allowed, where) from None
    for file in strategy.facts.files:
        if not file.path.exists():
            raise ConfigurationError(
                f"{where}there is no file {file.path} of facts; give the path of a file, or take the line out"
            )


def project_root(start: Path) -> Path:
    """The clone that a folder lies in, or the folder itself outside of any.

    Relative paths in the settings, such as the default `data/`, are meant from there.
    """
    return next((folder for folder in (start, *start.parents) if (folder / PROJECT_FILE).is_file()), start)


def require_dagster(*modules: str) -> None:
    """Say how to get Dagster when a part of it that is needed is not installed."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"{', '.join(missing)} is not installed; install it with: pip install 'trimtab[dagster]'"
        )
