"""The `trimtab` application: all commands, and one place where errors become sentences."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer

from trimtab import __version__
from trimtab.cli import (
    backtest,
    bars,
    datasets,
    drift,
    evaluate,
    experiments,
    facts,
    features,
    models,
    run,
    status,
    strategies,
    studies,
    up,
)
from trimtab.errors import TrimtabError

app = typer.Typer(
    name="trimtab",
    help="Raw market bars in, governed and self-correcting forecasting models out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run.run)
app.command("up")(up.up)
app.command("status")(status.status)
app.add_typer(bars.app, name="bars", help="Bars: check, ingest, show, quarantine, recall and more.")
app.add_typer(facts.app, name="facts", help="Facts about instruments: ingest, list, show, forget.")
app.add_typer(features.app, name="features", help="Features: list, show, compute, certify, matrix and more.")
app.add_typer(datasets.app, name="datasets", help="Datasets: list, show, rebuild, compare, split.")
app.add_typer(strategies.app, name="strategies", help="Strategies: list, show.")
app.add_typer(
    models.app,
    name="models",
    help="Model versions and what they say: list, show, compare, report, validate, forecast, patterns.",
)
app.add_typer(studies.app, name="studies", help="Searches for parameters: list, show, trials.")
app.add_typer(experiments.app, name="experiments", help="Recorded runs: list, show, compare, search, clean and more.")
app.add_typer(drift.app, name="drift", help="Drift snapshots: show.")
app.command("backtest")(backtest.backtest)
app.command("evaluate")(evaluate.evaluate)

DEBUG_VARIABLE = "TRIMTAB_DEBUG"


@app.callback()
def options(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
    version: bool = typer.Option(False, "--version", help="Print the version and leave."),
) -> None:
    """Options that come before the command."""
    if version:
        typer.echo(f"trimtab {__version__}")
        raise typer.Exit
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"
    _warn_of_unknown_variables()


def run_cli(arguments: list[str] | None = None) -> None:
    """Run the command line: 0 done, 1 a refused request (one sentence), 2 wrong usage."""
    try:
        app(args=arguments)
    except TrimtabError as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        _refuse(str(error))
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:  # a disk, a folder or a permission that is not as it should be
        if os.environ.get(DEBUG_VARIABLE):
            raise
        _refuse(_say_system_error(error))


def _warn_of_unknown_variables() -> None:
    """A misspelt setting in the environment would otherwise be passed over in silence."""
    if "--help" in sys.argv or not any(name.startswith("TRIMTAB_") for name in os.environ):
        return  # then the settings need not be imported, which takes a while
    from trimtab.config.settings import unknown_variables

    for sentence in unknown_variables(os.environ):
        typer.secho(f"trimtab: {sentence}", fg=typer.colors.YELLOW, err=True)


def _say_system_error(error: OSError) -> str:
    """What the operating system refused, with the path where it names one.

    >>> _say_system_error(FileNotFoundError(2, "No such file or directory", "/proc/foo"))
    "the system refused '/proc/foo': No such file or directory; check that path and its permissions (--debug shows more)"
    """
    reason = error.strerror or " ".join(str(error).split()) or type(error).__name__
    paths = [str(path) for path in (error.filename, error.filename2) if path is not None]
    if not paths:
        return f"the system refused: {reason} (--debug shows more)"
    quoted = " and ".join(f"'{path}'" for path in paths)
    return f"the system refused {quoted}: {reason}; check that path and its permissions (--debug shows more)"


def _refuse(sentence: str) -> NoReturn:
    typer.secho(f"trimtab: {sentence}", fg=typer.colors.RED, err=True)
    sys.exit(1)
