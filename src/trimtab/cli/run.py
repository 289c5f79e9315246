"""`trimtab run`: bars to decision through Dagster, then one table of what came out."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trimtab.cli.features.telling import counted
from trimtab.errors import ConfigurationError

if TYPE_CHECKING:
    from trimtab.config import Settings, Strategy
    from trimtab.pipeline.workspace import Workspace

PROJECT_FILE = Path("dagster_project") / "definitions.py"
STARTING = "starting Dagster; a line follows for every stage that has finished"


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

        settings, started = load_settings(), time.monotonic()
        if not sys.stderr.isatty():  # no line there tells what is at work
            typer.echo(STARTING, err=True)
        # A process of its own: the library never imports Dagster, and Ctrl-C ends one thing.
        with progress_shown(RunStore.of(open_lake(settings))):
            code = subprocess.run(command, check=False).returncode
        if code:
            raise typer.Exit(1)  # the reason has been said
        print_summary(settings, strategy)
        copy_to_mlflow(settings)
        typer.echo(f"done in {time.monotonic() - started:.0f} s", err=True)


def copy_to_mlflow(settings: Settings) -> None:
    """Show the new runs in MLflow too, where that is wanted; a failure there is told and fails nothing."""
    from trimtab.pipeline.tracking import try_to_mirror
    from trimtab.pipeline.workspace import Workspace

    workspace, started = Workspace.open(settings), time.monotonic()
    n_left = _n_left_to_copy(workspace)
    if n_left:
        typer.echo(f"copying {counted(n_left, 'run')} to MLflow ...", nl=False, err=True)
    warning = try_to_mirror(workspace)
    if n_left:
        n_copied = n_left - _n_left_to_copy(workspace)
        typer.echo(f" {n_copied:,} copied in {time.monotonic() - started:.0f} s", err=True)
    if warning:
        typer.secho(f"trimtab: {warning}", fg=typer.colors.YELLOW, err=True)


def _n_left_to_copy(workspace: Workspace) -> int:
    """How many runs MLflow lacks, where copying is wanted; asked without MLflow."""
    from trimtab.pipeline.tracking import mirrors
    from trimtab.tracking.mlflow_mirror import uncopied
    from trimtab.tracking.run_store import RunStore

    lake = workspace.lake
    return len(uncopied(RunStore.of(lake), lake.root, workspace.settings.mlflow_uri)) if mirrors(workspace) else 0


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
        _refuse_unknown_model(strategies[name])


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


def _refuse_unknown_model(strategy: Strategy) -> None:
    """Families, members and parameters that do not exist; makes the forecaster, so torch comes only with a network."""
    from trimtab.models.configured import configured_space, forecaster_of

    try:
        configured_space(strategy.model)
        forecaster_of(strategy)
    except ConfigurationError as error:
        raise ConfigurationError(f"strategy '{strategy.name}': {error}") from None


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
