"""`trimtab models report`: where the page about a model version is, or a copy of it."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trimtab.cli.output import print_json

if TYPE_CHECKING:
    from trimtab.registry.models import ModelVersion

STRATEGY = typer.Argument(help="Name of the strategy.")
VERSION = typer.Argument("latest", help="A version such as 1.0.0, or champion, challenger, latest.")


def report_model_version(
    strategy: str = STRATEGY,
    version: str = VERSION,
    out: Path | None = typer.Option(None, "--out", help="Write a copy to this file; it needs nothing beside it."),
    open_it: bool = typer.Option(False, "--open", help="Open it in the browser."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """The page about a model version: one HTML file, with the verdict first."""
    model, path = _find(strategy, version)
    if out is not None:
        from trimtab.storage.atomic import write_bytes

        write_bytes(out, path.read_bytes())
    shown = (out or path).resolve()
    if json:
        described = {"strategy": strategy, "version": model.version, "state": model.state}
        print_json(described | {"file": str(shown), "bytes": shown.stat().st_size})
    else:
        typer.echo(f"{strategy} {model.version} ({model.state.replace('_', ' ')}): {shown}")
    if open_it:
        webbrowser.open(shown.as_uri())


def _find(strategy: str, version: str) -> tuple[ModelVersion, Path]:
    """The model version, and its page on disk."""
    from trimtab.config import load_settings
    from trimtab.errors import NotFoundError
    from trimtab.pipeline.model_report import MODEL_REPORT
    from trimtab.pipeline.workspace import Workspace

    workspace = Workspace.open(load_settings())
    if not workspace.registry.list_models(strategy):  # a strategy whose file has gone may still have models
        workspace.strategy(strategy)
    model = workspace.registry.find_model(strategy, version)
    path = workspace.report_folder(MODEL_REPORT, strategy) / f"{model.version}.html"
    if not path.is_file():
        raise NotFoundError(
            f"{strategy} {model.version} has no report; one is written for the candidate of each run, "
            f"so say: trimtab run --strategy {strategy}"
        )
    return model, path
